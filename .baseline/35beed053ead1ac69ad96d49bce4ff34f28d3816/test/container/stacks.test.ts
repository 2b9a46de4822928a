/** What a container leaves of a stack: the author's frames, and nothing of what called them. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "../../src");

test("Node's frames under farcall's own are dropped with them, and those that the author's code called stay", () => {
  const code = `
    import { EventEmitter } from "node:events";
    import { mapStacks } from ${JSON.stringify(join(src, "container/stacks.ts"))};
    import { ProgressBoard } from ${JSON.stringify(join(src, "engines/local/host/calls/progress.ts"))};
    mapStacks("file:///none.mjs", "/");
    const emitter = new EventEmitter();
    const board = new ProgressBoard();
    emitter.on("own", board.report.bind(board));
    emitter.on("author", function listens() { throw new Error("heard"); });
    board.watch(function authors() {
      try { [1].map(() => emitter.emit("author")); } catch (error) { console.log(error.stack); }
    }, () => {});
    setImmediate(emitter.emit.bind(emitter, "own", { index: 0, fraction: 0 }));`;
  const stack = execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).trim();
  const [headline, ...frames] = stack.split("\n");
  expect(headline).toBe("Error: heard");
  expect(frames.map((frame) => /^\s+at (\S+)/.exec(frame)?.[1])).toEqual([
    "EventEmitter.listens",
    "EventEmitter.emit",
    expect.stringContaining("file:"),
    "Array.map",
    "authors",
  ]);
});
