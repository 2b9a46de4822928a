/** What user code says with context().progress(), as callers hear it. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { localEngine } from "../../../src/engines/local/index.ts";
import {
  Client,
  callOptions,
  Function,
  FunctionCall,
  GeneratorFunction,
  InvalidError,
  NotFoundError,
  type Progress,
  withClient,
} from "../../../src/runtime/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";
import { program } from "./program.ts";

const body = `
import { existsSync } from "node:fs";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const gate = async (file) => { while (!existsSync(file)) await sleep(5); };
export const steps = app.function(async function steps(file, id) {
  context().progress(0.25, "begun");
  console.log("at work on " + id);
  await gate(file);
  context().progress(1, "done");
  return context().callId;
});
export const odd = app.function(async function odd(fraction) {
  context().progress(fraction);
  return "went on";
});
export const counted = app.function(async function* counted(n) {
  for (let i = 0; i < n; i++) { context().progress(i / n); yield i; }
});
`;

const { fromName } = Function as unknown as { fromName(app: string, name: string): unknown };
let home: TemporaryHome;
let client: Client;
let scratch: string;
let files = 0;
const file = () => join(scratch, `gate-${++files}`);
const find = <P extends readonly unknown[], R>(name: string) =>
  withClient(client, fromName("work", name) as Function<P, R>);
const steps = () => find<[file: string, id?: number], string>("steps");

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "fc-"));
  home = await temporaryHome();
  const engine = localEngine(home.url);
  client = new Client({ engine });
  const together = { concurrency: { maxInputs: 4 } };
  await engine.deployer!.deploy(
    deployment("work", body, {
      steps: { options: together },
      odd: {},
      counted: { mode: "generator" },
    }),
  );
});

afterAll(async () => {
  await (await client.engine()).close();
  await home[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true });
});

async function untilDefined<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a spawned call's progress can be watched until it has ended, or read once", async () => {
  const open = file();
  const call = await steps().spawn(open);
  const heard: Progress[] = [];
  for await (const progress of call.progress()) {
    heard.push(progress);
    if (progress.message !== "begun") continue;
    expect(await call.progress().latest()).toEqual(progress);
    expect(await call.progress().latest(7)).toBe(undefined);
    writeFileSync(open, "");
  }
  expect(heard).toEqual([
    { index: 0, fraction: 0.25, message: "begun" },
    { index: 0, fraction: 1, message: "done" },
  ]);
  expect(await call.get()).toBe(call.id);
  expect(await call.progress().latest()).toBe(undefined);
});

test("inputs of a call of many are told apart", async () => {
  const open = file();
  const call = await steps().spawnMap([open, open], [1, 2]);
  const heard: Progress[] = [];
  for await (const progress of call.progress()) {
    heard.push(progress);
    if (heard.length === 2) writeFileSync(open, "");
  }
  expect(heard.slice(0, 2).map(({ index }) => index)).toEqual([0, 1]);
  expect(heard.filter(({ fraction }) => fraction === 1)).toHaveLength(2);
});

test("a caller that waits for a result gets progress before the result", async () => {
  const open = file();
  const heard: Progress[] = [];
  const onProgress = (progress: Progress) => {
    heard.push(progress);
    if (progress.message === "begun") writeFileSync(open, "");
  };
  const id = await steps().remote(open, undefined, callOptions({ onProgress }));
  expect(heard.map(({ fraction }) => fraction)).toEqual([0.25, 1]);
  // Known by its id as long as it runs, and remembered for a while.
  expect(await FunctionCall.fromId(id, { client }).progress().latest()).toBe(undefined);
});

test("a map, a generator and a call with a key report progress too", async () => {
  const open = file();
  writeFileSync(open, "");
  const mapped: Progress[] = [];
  for await (const _ of steps().map([open, open], { onProgress: (progress) => mapped.push(progress) }));
  expect(new Set(mapped.map(({ index }) => index))).toEqual(new Set([0, 1]));

  const yielded: Progress[] = [];
  const counted = withClient(client, GeneratorFunction.fromName<[n: number], number>("work", "counted"));
  for await (const _ of counted.remoteGen(3, callOptions({ onProgress: (progress) => yielded.push(progress) })));
  expect(yielded[0]).toEqual({ index: 0, fraction: 0 });

  const gate = file();
  const keyed: Progress[] = [];
  const onProgress = (progress: Progress) => {
    keyed.push(progress);
    writeFileSync(gate, "");
  };
  await steps().remote(gate, undefined, callOptions({ idempotencyKey: "once", onProgress }));
  expect(keyed[0]).toMatchObject({ fraction: 0.25 });
  expect(keyed.at(-1)).toMatchObject({ fraction: 1 });
});

test("the last report arrives also of calls with a key that are over before they are known to be kept", async () => {
  const open = file();
  writeFileSync(open, "");
  await steps().remote(open);
  for (let round = 0; round < 20; round++) {
    const heard: Progress[] = [];
    const options = { idempotencyKey: `quick ${round}`, onProgress: (progress: Progress) => heard.push(progress) };
    await steps().remote(open, undefined, callOptions(options));
    expect(heard.at(-1), `round ${round}`).toMatchObject({ fraction: 1 });
  }
});

test("a caller hears of a call that another one made with the same key", async () => {
  const open = file();
  const heard: Progress[][] = [[], []];
  const both = heard.map((list) => {
    const onProgress = (progress: Progress) => {
      list.push(progress);
      if (heard.every(({ length }) => length > 0)) writeFileSync(open, "");
    };
    return steps().remote(open, undefined, callOptions({ idempotencyKey: "shared", onProgress }));
  });
  const [first, second] = await Promise.all(both);
  expect(second).toBe(first);
  for (const list of heard) expect(list.at(-1)).toMatchObject({ fraction: 1 });
});

test("a callback that throws neither fails the call nor ends the program", async () => {
  const open = file();
  writeFileSync(open, "");
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  let heard = 0;
  const broken = (): void => {
    heard++;
    throw new Error("in the callback");
  };
  const rejecting = async () => broken();
  expect(await steps().remote(open, undefined, callOptions({ onProgress: broken }))).toMatch(/^fc-/);
  expect(await steps().remote(open, undefined, callOptions({ onProgress: rejecting }))).toMatch(/^fc-/);
  expect(heard).toBeGreaterThan(1);
  expect(printed).toHaveBeenCalledTimes(heard);
  printed.mockRestore();
});

test.each([
  [Number.NaN, 0],
  [-1, 0],
  [1.0000001, 1],
])("a fraction of %s counts as %s", async (given, heard) => {
  const all: Progress[] = [];
  const options = callOptions({ onProgress: (progress) => all.push(progress) });
  expect(await find<[fraction: number], string>("odd").remote(given, options)).toBe("went on");
  expect(all).toEqual([{ index: 0, fraction: heard }]);
});

test("a fraction that is not a number is refused in the function", async () => {
  await expect(find<[fraction: unknown], string>("odd").remote("half")).rejects.toThrow(
    /number from 0 to 1, not string/,
  );
});

test("another process follows a call by its id alone, and the end of a watch does not affect the call", async () => {
  const open = file();
  const call = await steps().spawn(open);
  await untilDefined(() => call.progress().latest());
  const other = new Client({ engine: localEngine(home.url) });
  const stop = new AbortController();
  for await (const { message } of FunctionCall.fromId(call.id, { client: other }).progress({ signal: stop.signal })) {
    expect(message).toBe("begun");
    stop.abort();
  }
  await (await other.engine()).close();
  writeFileSync(open, "");
  expect(await call.get()).toBe(call.id);
});

test("a call that is cancelled ends its watch", async () => {
  const open = file();
  const call = await steps().spawn(open);
  for await (const _ of call.progress()) await call.cancel();
  expect(existsSync(open)).toBe(false);
});

test("an unknown call has no progress", async () => {
  const looking = FunctionCall.fromId("fc-unknown", { client }).progress().latest();
  await expect(looking).rejects.toThrow(NotFoundError);
});

test("the error of spawn with onProgress says how to watch instead", async () => {
  const spawning = steps().spawn("x", undefined, callOptions({ onProgress: () => {} }));
  await expect(spawning).rejects.toThrow(InvalidError);
  await expect(spawning).rejects.toMatchObject({ hint: expect.stringContaining("call.progress()") });
});

test("with FARCALL_LOGS=1 the logs of a process's own calls come to its stderr, those of spawned calls included", async () => {
  const open = file();
  const { finished, said } = program(
    `
const { writeFileSync } = await import("node:fs");
await app.remote("steps", ${JSON.stringify(open)}, "remote");
const id = await app.spawn("steps", [[${JSON.stringify(open)}, "spawned"]]);
await app.get(id);
console.log("done");
`,
    { ...home.env, FARCALL_LOGS: "1" },
  );
  writeFileSync(open, "");
  await said("done");
  const { stderr } = await finished;
  expect(stderr).toContain("[work/steps] at work on remote\n");
  expect(stderr).toContain("[work/steps] at work on spawned\n");
});
