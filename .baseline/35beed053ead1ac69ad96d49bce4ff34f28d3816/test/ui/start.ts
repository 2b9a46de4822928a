/** `farcall ui` as a process. */
import { once } from "node:events";
import { bins, start } from "../support/cli.ts";
import type { TemporaryHome } from "../support/home.ts";

export interface StartedUi {
  /** With the token. */
  url: string;
  origin: string;
  token: string;
  /** Resolves to its exit code. Idempotent. */
  stop(): Promise<number | null>;
}

export async function startUi(home: TemporaryHome, ...args: string[]): Promise<StartedUi> {
  const child = start(process.execPath, [bins.farcall, "ui", "--json", ...args], { env: home.env }, "ignore");
  const ended = once(child, "close");
  const [line] = (await once(child.stdout!.setEncoding("utf8"), "data")) as [string];
  const { url } = JSON.parse(line) as { url: string };
  const { origin, hash } = new URL(url);
  return {
    url,
    origin,
    token: new URLSearchParams(hash.slice(1)).get("token") ?? "",
    async stop() {
      child.kill("SIGINT");
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}
