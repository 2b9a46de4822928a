/** What the server of the page tells of an engine that can do less than the local one. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { openEngine } from "../../src/engines/index.ts";
import { serveUi } from "../../src/ui/index.ts";

test("an engine without a monitor is said to have none, and asking for calls is refused before anything is sent", async () => {
  const home = await mkdtemp(join(tmpdir(), "farcall-"));
  const whole = await openEngine(`local:${home}`);
  const { url, registry, invoker } = whole;
  const engine: Engine = {
    url,
    registry,
    invoker,
    progress: false,
    pollMs: 5_000,
    deployHint: "Run `other deploy`.",
    close: () => whole.close(),
  };
  const ui = await serveUi({ engine });
  try {
    const { origin, hash } = new URL(ui.url);
    const authorization = `Bearer ${new URLSearchParams(hash.slice(1)).get("token")}`;
    const ask = async (path: string) => (await fetch(`${origin}/api/${path}`, { headers: { authorization } })).json();
    expect(await ask("engine")).toEqual({
      url,
      deployHint: "Run `other deploy`.",
      pollMs: 5_000,
      abilities: { monitor: false, progress: false, arguments: true, workers: false },
    });
    expect(await ask("calls")).toMatchObject({ code: "FARCALL_UNSUPPORTED" });
  } finally {
    await ui.close();
    await rm(home, { recursive: true, force: true });
  }
});
