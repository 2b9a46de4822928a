/** `farcall ui`: serves the local page until Ctrl-C. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { clusterOf, hostOf } from "../../engines/index.ts";
import { serveUi } from "../../ui/index.ts";
import type { Context, EngineOptions } from "../context.ts";
import { examples, port } from "../context.ts";

interface UiOptions extends EngineOptions {
  port?: number;
  open: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option("--port <port>", "port to listen on (default: any free port)", port)
    .option("--no-open", "do not open a browser")
    .option("--engine <url>", "engine to use (default: FARCALL_ENGINE, the config's, then local:)")
    .option("--json", "print JSON");
  examples(command, [
    ["farcall ui", "opens the page in a browser; Ctrl-C ends it"],
    ["farcall ui --no-open --port 4321", "prints its URL only"],
  ]);
  command.action(async (options: UiOptions) => {
    const { output, signal } = context;
    const engine = await context.engine(options);
    const host = await hostOf(engine.url);
    const cluster = await clusterOf(engine.url);
    const ui = await serveUi({
      engine,
      port: options.port,
      isAwake: host && (() => host.isRunning()),
      workers: cluster && (() => cluster.workers()),
    });
    output.document({ url: ui.url, port: ui.port, engine: engine.url });
    output.line(ui.url);
    output.note(output.styleNote("dim", `Serving ${engine.url} to this machine only. Ctrl-C stops it.`));
    if (options.open && output.interactive) openBrowser(ui.url);
    if (!signal.aborted) await once(signal, "abort");
    await ui.close();
  });
}

/** If there is no browser, the URL has been printed. */
function openBrowser(url: string): void {
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", url]
        : ["xdg-open", url];
  const child = spawn(program as string, args, { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
