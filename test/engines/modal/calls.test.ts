/** Calls of functions on Modal, as a caller makes them. */
import { expect, test } from "vitest";
import { callOptions, kwargs } from "../../../src/runtime/index.ts";
import { cls, fn, generator, method, PythonError } from "./fake/index.ts";
import { collect, setup } from "./setup.ts";

const add = fn(({ args, kwargs: named }) => Number(args[0]) + Number(args[1] ?? named["b"]), {
  parameters: { a: "int", b: { type: "int", default: 5 } },
  returns: "int",
  concurrency: 20,
});

test("remote() passes arguments by position and by name, and gives the result", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  expect(await modal.function("add").remote(2, 3)).toBe(5);
  expect(await modal.function("add").remote(2, kwargs({ b: 40 }))).toBe(42);
});

test("a Python exception arrives with its name, message and traceback", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", {
    boom: fn(() => {
      throw new PythonError("MyError", "code 7\nand more", "app");
    }),
  });
  const error = await modal
    .function("boom")
    .remote()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "MyError", message: "code 7\nand more", code: "FARCALL_REMOTE" });
  expect((error as Error).stack).toMatch(/^MyError: code 7\nand more\nTraceback[\s\S]*in boom[\s\S]*calls\.test\.ts/);
});

test("map() gives results in the order of its inputs", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  const results = await collect(
    modal.function("add").map(
      Array.from({ length: 120 }, (_, i) => i),
      { kwargs: { b: 1 } },
    ),
  );
  expect(results).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
});

test("remoteGen() gives what a generator yields", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", {
    count: generator(function* ({ args }) {
      for (let i = 0; i < Number(args[0]); i++) yield i;
    }),
  });
  expect(await collect(modal.function("count").remoteGen(5))).toEqual([0, 1, 2, 3, 4]);
  expect(await collect(modal.function("count").remoteGen(0))).toEqual([]);
});

test("spawn() and get()", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  const call = await modal.function("add").spawn(1, 2);
  expect(await call.get()).toBe(3);
});

test("a method runs on an instance with its parameters", async () => {
  await using modal = await setup();
  const greet = method(({ args, instance }) => `${instance["greeting"]} ${args[0]} x${instance["times"]}`);
  modal.fake.deploy("shop", {
    Greeter: cls({ greet }, { parameters: { times: "int", greeting: { type: "str", default: "hello" } } }),
  });
  const Greeter = modal.class("Greeter");
  expect(await new Greeter({ times: 3 }).greet.remote("Ada")).toBe("hello Ada x3");
});

test("large arguments and results are blobs", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", {
    echo: fn(({ args }) => args[0]),
    small: fn(({ args }) => args[0], { metadata: { maxObjectSizeBytes: 100 } }),
  });
  const data = new Uint8Array(3 * 1024 * 1024).fill(7);
  expect(Buffer.compare((await modal.function("echo").remote(data)) as Uint8Array, data)).toBe(0);
  expect(modal.fake.blobs.stored.size).toBe(2);
  expect(await modal.function("small").remote("x".repeat(200))).toBe("x".repeat(200));
  expect(modal.fake.blobs.stored.size).toBe(4);
  modal.fake.blobs.multipartFrom = 1024;
  await expect(modal.function("echo").remote(data)).rejects.toThrow("would have to be sent to Modal in parts");
});

test("an abort cancels the call on Modal too, and leaving a loop does", async () => {
  await using modal = await setup();
  const aborted: string[] = [];
  const started = Promise.withResolvers<void>();
  const forever = fn(({ signal }) => {
    started.resolve();
    return new Promise(() => signal.addEventListener("abort", () => aborted.push("forever")));
  });
  const endless = generator(async function* ({ signal }) {
    signal.addEventListener("abort", () => aborted.push("endless"));
    for (let i = 0; !signal.aborted; i++) {
      yield i;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  modal.fake.deploy("shop", { forever, endless });
  const stop = new AbortController();
  const call = modal.function("forever").remote(callOptions({ signal: stop.signal }));
  await started.promise;
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  await expect.poll(() => aborted).toEqual(["forever"]);
  for await (const item of modal.function("endless").remoteGen()) if (item === 3) break;
  await expect.poll(() => aborted).toEqual(["forever", "endless"]);
});

test("a map holds no more inputs on Modal than Modal allows", async () => {
  await using modal = await setup();
  modal.fake.calls.maxInputsOutstanding = 10;
  let running = 0;
  let most = 0;
  const run = fn(
    async ({ args }) => {
      const outstanding = [...modal.fake.calls.inputs.values()].filter(({ done }) => !done).length;
      most = Math.max(most, outstanding, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return args[0];
    },
    { concurrency: 20 },
  );
  modal.fake.deploy("shop", { run });
  expect(await collect(modal.function("run").map(Array.from({ length: 60 }, (_, i) => i)))).toHaveLength(60);
  expect(most).toBeLessThanOrEqual(10);
});

test("what a function cannot do is refused before anything is sent, with what to do instead", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", {
    site: fn(() => 1, { metadata: { webUrl: "https://site.modal.run" } }),
    old: fn(() => 1, { metadata: { supportedInputFormats: [] } }),
    bare: fn(() => {
      throw new PythonError(
        "InvalidError",
        "CBOR support requires the 'cbor2' package to be installed.",
        "modal.exception",
      );
    }),
    add,
    Model: cls({ predict: method(() => 1) }, { parameters: { size: "int" } }),
  });
  await expect(modal.function("site").remote()).rejects.toMatchObject({
    hint: "Send HTTP requests to https://site.modal.run.",
  });
  expect(await modal.function("site").getWebUrl()).toBe("https://site.modal.run");
  await expect(modal.function("old").remote()).rejects.toMatchObject({
    code: "FARCALL_UNSUPPORTED",
    hint: expect.stringContaining("1.2 or newer"),
  });
  await expect(modal.function("bare").remote()).rejects.toMatchObject({
    code: "FARCALL_UNSUPPORTED",
    hint: expect.stringContaining("cbor2"),
  });
  await expect(modal.function("add").remote(1, callOptions({ idempotencyKey: "k" }))).rejects.toMatchObject({
    code: "FARCALL_UNSUPPORTED",
  });
  const Model = modal.class("Model");
  await expect(new Model({ sise: 1 }).predict.remote()).rejects.toMatchObject({ hint: "Did you mean size?" });
  await expect(new Model({}).predict.remote()).rejects.toThrow("needs the parameter size");
  await expect(new Model({ size: "3" }).predict.remote()).rejects.toThrow(
    "size of class shop/Model is int, and was given a string",
  );
  expect(modal.fake.count("functionMap")).toBe(1);
});

test("the autoscaler takes whole seconds", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  await modal.function("add").updateAutoscaler({ maxContainers: 7, scaledownWindowMs: 90_000 });
  const id = modal.fake.apps.current(modal.fake.apps.named("shop", "main")!).functionIds["add"]!;
  expect(modal.fake.functions.need(id).settings).toMatchObject({ maxContainers: 7, scaledownWindow: 90 });
  await expect(modal.function("add").updateAutoscaler({ scaledownWindowMs: 1500 })).rejects.toMatchObject({
    hint: "Pass 2000.",
  });
  await modal.function("add").remote(1, 1);
  expect(await modal.function("add").getCurrentStats()).toEqual({
    backlog: 0,
    numTotalRunners: 1,
    numRunningInputs: 0,
  });
});

test("functions with an input plane are called by it", async () => {
  await using modal = await setup();
  const metadata = { inputPlaneUrl: modal.fake.inputPlaneUrl, inputPlaneRegion: "us-east" };
  const seen = new Map<unknown, number>();
  const flaky = fn(
    ({ args: [value] }) => {
      seen.set(value, (seen.get(value) ?? 0) + 1);
      if (value === 3 && seen.get(value) === 1) throw new PythonError("ValueError", "not yet");
      return value;
    },
    { metadata, retries: { retries: 2, initialDelayMs: 1 } },
  );
  const count = generator(
    function* ({ args }) {
      for (let i = 0; i < Number(args[0]); i++) yield i;
    },
    { metadata },
  );
  modal.fake.deploy("shop", { flaky, count });
  expect(await modal.function("flaky").remote(3)).toBe(3);
  seen.clear();
  modal.fake.faults.loseOutputs("flaky");
  expect(await collect(modal.function("flaky").map([0, 1, 2, 3, 4]))).toEqual([0, 1, 2, 3, 4]);
  modal.fake.faults.loseOutputs("flaky");
  expect(await modal.function("flaky").remote(5)).toBe(5);
  expect(await collect(modal.function("count").remoteGen(3))).toEqual([0, 1, 2]);
  expect(modal.fake.count("functionMap")).toBe(0);
  expect(await (await modal.function("flaky").spawn(1)).get()).toBe(1);
  expect(modal.fake.count("functionMap")).toBe(1);
});
