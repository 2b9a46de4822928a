/** What callers see when functions fail, outputs are lost or come twice, and Modal's server goes away. */
import { Status } from "nice-grpc";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nextDelay } from "../../../src/engines/modal/calls/retries.ts";
import { InternalFailure, UserCodeException } from "../../../src/runtime/index.ts";
import { patient } from "../../support/limits.ts";
import type { PutOutputsItem } from "./fake/codecs.ts";
import { FakeModal, Format, fn, generator, Outcome, PythonError } from "./fake/index.ts";
import { collect, Setup } from "./setup.ts";

let modal: Setup;
beforeEach(async () => {
  modal = new Setup(await FakeModal.start());
});
afterEach(async () => {
  await modal[Symbol.asyncDispose]();
});

const double = fn(({ args }) => Number(args[0]) * 2);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Fails as often as it says. */
function flaky(failures: number, retries: number) {
  const attempts: number[] = [];
  const run = fn(
    ({ attempt }) => {
      attempts.push(attempt);
      if (attempts.length <= failures) throw new PythonError("ValueError", `attempt ${attempt}`);
      return attempt;
    },
    { retries: { retries, initialDelayMs: 10 } },
  );
  return { attempts, run };
}

test("the caller retries as the function's policy says, and tells the function which attempt it is", async () => {
  const { attempts, run } = flaky(2, 2);
  modal.fake.deploy("shop", { run });
  expect(await modal.function("run").remote()).toBe(2);
  expect(attempts).toEqual([0, 1, 2]);
  expect(modal.fake.count("functionRetryInputs")).toBe(2);
});

test("the last failure arrives when the policy allows no more", async () => {
  const { attempts, run } = flaky(9, 1);
  modal.fake.deploy("shop", { run });
  await expect(modal.function("run").remote()).rejects.toMatchObject({ name: "ValueError", message: "attempt 1" });
  expect(attempts).toEqual([0, 1]);
});

test("without a policy nothing is retried, and where the server retries the caller does not", async () => {
  const { attempts, run } = flaky(1, 0);
  modal.fake.deploy("shop", { run });
  await expect(modal.function("run").remote()).rejects.toThrow("attempt 0");
  expect(attempts).toEqual([0]);
  modal.fake.calls.syncClientRetries = false;
  const server = flaky(1, 1);
  modal.fake.deploy("shop", { run: server.run });
  expect(await modal.function("run").remote()).toBe(1);
  expect(modal.fake.count("functionRetryInputs")).toBe(0);
});

test("inputs of a map are retried apart, and the rest goes on", async () => {
  const seen = new Map<unknown, number>();
  const run = fn(
    ({ args: [value] }) => {
      const count = (seen.get(value) ?? 0) + 1;
      seen.set(value, count);
      if (value === 7 && count < 3) throw new PythonError("ValueError", "not yet");
      if (value === 9) throw new PythonError("ValueError", "never");
      return value;
    },
    { retries: { retries: 2, initialDelayMs: 10 } },
  );
  modal.fake.deploy("shop", { run });
  const results = await collect(modal.function("run").map(range(12), { returnExceptions: true }));
  expect(results.map((each) => (each instanceof UserCodeException ? each.message : each))).toEqual([
    ...range(9),
    "input 9 failed: ValueError: never",
    10,
    11,
  ]);
  expect([seen.get(7), seen.get(9), seen.get(1)]).toEqual([3, 3, 1]);
});

test("remote() sends again what Modal itself has lost, also without a policy, and gives up after eight times", async () => {
  modal.fake.deploy("shop", { double });
  modal.fake.faults.failInternally("double", { times: 8 });
  expect(await modal.function("double").remote(4)).toBe(8);
  modal.fake.faults.loseOutputs("double", { times: 2 });
  expect(await modal.function("double").remote(5)).toBe(10);
  modal.fake.faults.failInternally("double", { times: 9, message: "the worker was lost" });
  await expect(modal.function("double").remote(4)).rejects.toThrow(InternalFailure);
});

test("a map sends again what was lost, as the policy says", async () => {
  modal.fake.deploy("shop", { run: fn(({ args }) => args[0], { retries: 2 }) });
  modal.fake.faults.loseOutputs("run", { times: 3 });
  modal.fake.faults.failInternally("run", { times: 3 });
  expect(await collect(modal.function("run").map(range(20)))).toEqual(range(20));
});

test("an output that comes twice, or of another attempt, counts once", async () => {
  modal.fake.deploy("shop", { double });
  modal.fake.faults.duplicateOutputs("double", { times: 30 });
  modal.fake.faults.addOutputsOfOtherAttempts("double", { times: 30 });
  expect(await collect(modal.function("double").map(range(60)))).toEqual(range(60).map((n) => n * 2));
  modal.fake.faults.addOutputsOfOtherAttempts("double");
  expect(await modal.function("double").remote(1)).toBe(2);
});

test("inputs that Modal does not take at the moment are sent again, with one warning", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  modal.fake.deploy("shop", { double });
  modal.fake.faults.fail("functionPutInputs", Status.RESOURCE_EXHAUSTED, { times: 2 });
  expect(await collect(modal.function("double").map(range(5)))).toEqual([0, 2, 4, 6, 8]);
  expect(warn.mock.calls.flat()).toEqual([expect.stringContaining("takes no more inputs at the moment")]);
  warn.mockRestore();
});

test("the wait before an attempt grows as the policy says, from one second to its longest, and ends with the last", () => {
  const policy = { retries: 4, initialDelayMs: 800, backoffCoefficient: 2, maxDelayMs: 3_000 };
  expect([1, 2, 3, 4, 5].map((failures) => nextDelay(policy, failures))).toEqual([
    1_000,
    1_600,
    3_000,
    3_000,
    undefined,
  ]);
  const unlimited = { retries: 3, initialDelayMs: 1_000, backoffCoefficient: 10, maxDelayMs: 0 };
  expect([1, 2, 3].map((failures) => nextDelay(unlimited, failures))).toEqual([1_000, 10_000, 100_000]);
  expect(nextDelay({ ...unlimited, retries: 0 }, 1)).toBeUndefined();
});

test.each(["functionMap", "functionPutInputs", "functionGetOutputs", "functionRetryInputs"] as const)(
  "a call waits where Modal is asked too much by %s",
  async (method) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { run } = flaky(1, 1);
    modal.fake.deploy("shop", { run });
    modal.fake.faults.fail(method, Status.RESOURCE_EXHAUSTED, { times: 2 });
    expect(await collect(modal.function("run").map(["a"]))).toEqual([1]);
    expect(modal.fake.count(method)).toBeGreaterThan(2);
    warn.mockRestore();
  },
);

const status = (status: number, exception: string) => (output: PutOutputsItem) => [
  {
    ...output,
    dataFormat: 0,
    result: { ...output.result!, status, exception, data: undefined, dataBlobId: undefined },
  },
];
test("a container without farcall's helper says how to get it", async () => {
  modal.fake.deploy("shop", { double });
  for (const reason of ["ModuleNotFoundError(\"No module named 'farcall'\")", "No module named 'numpy'"]) {
    modal.fake.faults.outputs("double", status(Outcome.initFailure, reason));
    const hint = reason.includes("farcall") ? expect.stringContaining('add_local_python_source("farcall")') : undefined;
    await expect(modal.function("double").remote(1)).rejects.toMatchObject({ code: "FARCALL_INTERNAL_FAILURE", hint });
  }
});

const pickled = (output: PutOutputsItem) => [{ ...output, dataFormat: Format.pickle }];
test.each([
  [
    "time",
    status(Outcome.timeout, "Task's current input hit its timeout of 1s"),
    "FARCALL_FUNCTION_TIMEOUT",
    "timeout of 1s",
  ],
  [
    "start",
    status(Outcome.initFailure, "no module"),
    "FARCALL_INTERNAL_FAILURE",
    "the container did not start: no module",
  ],
  ["pickle", pickled, "FARCALL_SERIALIZATION", "answered with a pickled value"],
] as const)("what Modal says became of an input is an error of its own: %s", async (_, fault, code, message) => {
  modal.fake.deploy("shop", { double });
  modal.fake.faults.outputs("double", fault);
  const calling = modal.function("double").remote(1);
  await expect(calling).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  expect(await modal.function("double").remote(1)).toBe(2);
});

test("calls go on when the server goes away and comes back", async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const waits = fn(async ({ args }) => {
    started.resolve();
    await gate.promise;
    return args[0];
  });
  modal.fake.deploy("shop", { waits });
  const remote = modal.function("waits").remote("a");
  const mapped = collect(modal.function("waits").map(range(3)));
  await started.promise;
  await modal.fake.restart({ downMs: 300 });
  gate.resolve();
  expect(await remote).toBe("a");
  expect(await mapped).toEqual([0, 1, 2]);
});

test("calls that begin while the server is away for some seconds wait for it", async () => {
  modal.fake.deploy("shop", { double, count: generator(({ args: [upto] }) => range(Number(upto))) });
  expect(await modal.function("double").remote(1)).toBe(2);
  const restarted = modal.fake.restart({ downMs: 3_000 });
  const calls = [
    modal.function("double").remote(2),
    collect(modal.function("double").map([3, 4])),
    collect(modal.function("count").remoteGen(2)),
    modal
      .function("double")
      .spawn(5)
      .then((call: { get(): Promise<unknown> }) => call.get()),
  ];
  expect(await Promise.all(calls)).toEqual([4, [6, 8], [0, 1], 10]);
  await restarted;
});

test("a lost answer to a question for outputs loses no output", async () => {
  modal.fake.deploy("shop", { double });
  modal.fake.faults.fail("functionGetOutputs", Status.UNAVAILABLE, { times: 3, after: true });
  expect(await modal.function("double").remote(2)).toBe(4);
});

test("what Modal refuses ends the call with its words", async () => {
  modal.fake.deploy("shop", { double });
  modal.fake.faults.fail("functionMap", Status.PERMISSION_DENIED, { message: "Not yours." });
  await expect(modal.function("double").remote(1)).rejects.toMatchObject({
    code: "FARCALL_ENGINE_UNAVAILABLE",
    message: "Modal refuses the token: not yours",
    hint: expect.stringContaining("modal token new"),
  });
});

const failing = generator(async function* ({ args }) {
  for (let index = 0; index < Number(args[0]); index++) yield index;
  throw new PythonError("MyError", "after all", "app");
});

test.each([true, false])(
  "a generator's failure comes after all that it has yielded (its stream ends: %s)",
  async (ends) => {
    modal.fake.outputs.endStreams = ends;
    modal.fake.deploy("shop", { failing });
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const item of modal.function("failing").remoteGen(50)) got.push(item);
    })();
    await expect(reading).rejects.toMatchObject({ name: "MyError", message: "after all" });
    expect(got).toEqual(range(50));
  },
);

test("a generator ends as soon as all its items are there, also when its stream does not, and survives a broken one", async () => {
  modal.fake.outputs.endStreams = false;
  const gate = Promise.withResolvers<void>();
  modal.fake.deploy("shop", {
    count: generator(async function* () {
      yield "before";
      await gate.promise;
      yield "after";
    }),
  });
  const got: unknown[] = [];
  for await (const item of modal.function("count").remoteGen()) {
    got.push(item);
    if (item !== "before") continue;
    await modal.fake.restart();
    gate.resolve();
  }
  expect(got).toEqual(["before", "after"]);
});

test.each([
  "appGetLayout",
  "blobCreate",
  "functionMap",
  "functionPutInputs",
  "functionGetOutputs",
  "functionRetryInputs",
] as const)("an abort during %s rejects with its reason, and leaves nothing that runs", async (method) => {
  const fails = fn(
    ({ attempt }) => {
      if (attempt === 0) throw new PythonError("ValueError", "not yet");
    },
    { retries: 3 },
  );
  const waits = fn(
    ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("stopped"));
        });
      }),
  );
  modal.fake.deploy("shop", { fails, waits });
  const name = method === "functionRetryInputs" ? "fails" : "waits";
  const argument = method === "blobCreate" ? new Uint8Array(3 << 20) : 1;
  modal.fake.faults.slow(method, 300);
  const abort = new AbortController();
  const calling = collect(modal.function(name).map([argument], { signal: abort.signal }));
  calling.catch(() => {});
  await vi.waitFor(() => expect(modal.fake.count(method)).toBeGreaterThan(0), patient);
  abort.abort(new Error("enough"));
  await expect(calling).rejects.toThrow("enough");
  await modal.engine.close();
  const running = () =>
    [...modal.fake.calls.all.values()].filter(
      ({ cancelled, inputs }) => !cancelled && inputs.some(({ done }) => !done),
    );
  await vi.waitFor(() => expect(running()).toEqual([]), patient);
});

test("a blob store that fails for a while costs nothing, and a lost blob is one input's failure", async () => {
  modal.fake.deploy("shop", { big: fn(({ args: [size] }) => "x".repeat(Number(size))) });
  const large = 3 << 20;
  modal.fake.faults.fail("blobGet", Status.UNAVAILABLE, { times: 3 });
  modal.fake.faults.fail("blobGet", Status.RESOURCE_EXHAUSTED, { times: 2 });
  expect(String(await modal.function("big").remote(large))).toHaveLength(large);
  modal.fake.faults.fail("blobGet", Status.NOT_FOUND, { message: "Blob is gone." });
  const results = await collect(modal.function("big").map([3, large, 4], { returnExceptions: true }));
  expect(results).toEqual(["xxx", expect.any(UserCodeException), "xxxx"]);
  expect(results[1]).toMatchObject({ cause: { message: "Modal does not find it: blob is gone" } });
});

test("the fake stops whatever its containers do", async () => {
  for (let ms = 0; ms < 12; ms++) {
    const fake = await FakeModal.start();
    const client = fake.connect();
    fake.deploy("shop", { waits: fn(() => new Promise(() => {}), { concurrency: 3 }) });
    const waits = await client.functions.fromName("shop", "waits");
    await Promise.all([waits.spawn([]), waits.spawn([]), waits.spawn([])]);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await fake.stop();
    client.close();
  }
});
