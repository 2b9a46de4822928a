/** The fake Modal as the npm SDK sees it, with containers in TypeScript: what the tests of the Modal engine rest on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ModalClient } from "modal";
import { Status } from "nice-grpc";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cls, FakeModal, Format, fn, generator, method, Outcome, PythonError } from "./fake/index.ts";
import { readValue, writeArguments } from "./fake/python-values.ts";

let fake: FakeModal;
let client: ModalClient;

beforeEach(async () => {
  fake = await FakeModal.start();
  client = fake.connect();
});

afterEach(async () => {
  client.close();
  await fake.stop();
});

const add = fn(({ args, kwargs }) => Number(args[0]) + Number(args[1] ?? kwargs["b"]), {
  parameters: { a: "int", b: { type: "int", default: 5 } },
  returns: "int",
});

function input(idx: number, args: unknown[], kwargs = {}) {
  return { idx, input: { args: writeArguments(args, kwargs), dataFormat: Format.cbor } };
}

async function functionId(tag: string, app = "shop"): Promise<string> {
  return (await client.cpClient.functionGet({ appName: app, objectTag: tag })).functionId;
}

async function outputs(functionCallId: string, more: object = {}) {
  return client.cpClient.functionGetOutputs({ functionCallId, timeout: 20, lastEntryId: "0-0", ...more });
}

function valueOf(output: { result?: { data?: Uint8Array | undefined } | undefined } | undefined): unknown {
  return readValue(output?.result?.data ?? new Uint8Array());
}

describe("the npm SDK", () => {
  test("calls a function, by position and by name", async () => {
    fake.deploy("shop", { add });
    const found = await client.functions.fromName("shop", "add");
    expect(await found.remote([2, 3])).toBe(5);
    expect(await found.remote([2], { b: 40 })).toBe(42);
    expect(fake.count("functionMap")).toBe(2);
  });

  test("calls a method of a class with its parameters", async () => {
    const greet = method(({ args, instance }) => `${instance["greeting"]} ${args[0]} x${instance["times"]}`);
    const parameters = { times: "int", greeting: { type: "str", default: "hello" } };
    fake.deploy("shop", { Greeter: cls({ greet }, { parameters }) });
    const Greeter = await client.cls.fromName("shop", "Greeter");
    const greeter = await Greeter.instance({ times: 3 });
    expect(await greeter.method("greet").remote(["Ada"])).toBe("hello Ada x3");
  });

  test("gets the exception of a function that fails", async () => {
    fake.deploy("shop", {
      boom: fn(() => {
        throw new PythonError("ValueError", "no");
      }),
    });
    const boom = await client.functions.fromName("shop", "boom");
    await expect(boom.remote([])).rejects.toThrow("ValueError('no')");
  });

  test("sends and gets large values as blobs", async () => {
    fake.deploy("shop", { echo: fn(({ args }) => args[0]) });
    const echo = await client.functions.fromName("shop", "echo");
    const large = new Uint8Array(3 * 1024 * 1024).fill(7);
    expect(Buffer.from((await echo.remote([large])) as Uint8Array).equals(large)).toBe(true);
    expect(fake.blobs.stored.size).toBe(2);
  });

  test("refuses to upload what the object store wants in parts", async () => {
    fake.deploy("shop", { echo: fn(({ args }) => args[0]) });
    fake.blobs.multipartFrom = 1024;
    const echo = await client.functions.fromName("shop", "echo");
    await expect(echo.remote([new Uint8Array(3 * 1024 * 1024)])).rejects.toThrow("multipart");
  });

  test("spawns a call, and cancels it while it runs", async () => {
    const seen = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    fake.deploy("shop", {
      forever: fn(({ signal }) => {
        seen.resolve();
        signal.addEventListener("abort", () => ended.resolve());
        return new Promise(() => {});
      }),
    });
    const forever = await client.functions.fromName("shop", "forever");
    const call = await forever.spawn([]);
    await seen.promise;
    await call.cancel();
    await ended.promise;
    const { outputs: got } = await outputs(call.functionCallId);
    expect(got[0]?.result?.status).toBe(Outcome.terminated);
  });

  test("sees the statistics and sets the autoscaler of a function", async () => {
    fake.deploy("shop", { add });
    const found = await client.functions.fromName("shop", "add");
    await found.remote([1, 1]);
    expect(await found.getCurrentStats()).toMatchObject({ backlog: 0, numTotalRunners: 1 });
    await found.updateAutoscaler({ maxContainers: 7 });
    expect(fake.functions.need(found.functionId).settings.maxContainers).toBe(7);
  });
});

describe("values", () => {
  const call = async (args: Uint8Array) => {
    const { functionCallId } = await client.cpClient.functionMap({
      functionId: await functionId("echo"),
      functionCallType: 1,
      functionCallInvocationType: 3,
      pipelinedInputs: [{ idx: 0, input: { args, dataFormat: Format.cbor } }],
    });
    return (await outputs(functionCallId)).outputs[0]?.result;
  };

  test("reach functions as Python has them, and come back as cbor2 writes them", async () => {
    let seen: unknown;
    fake.deploy("shop", {
      echo: fn(({ args }) => {
        [seen] = args;
        return seen;
      }),
    });
    const at = new Date("2026-01-02T03:04:05Z");
    const value = { small: 5, large: 2n ** 40n, at, set: new Set([1]), dict: new Map([[1, "a"]]), nothing: null };
    const result = await call(writeArguments([value]));
    expect(seen).toEqual(value);
    expect(readValue(result!.data!)).toEqual(value);
  });

  test("with a tag that Python does not know are an error of the function", async () => {
    fake.deploy("shop", { echo: fn(({ args }) => args[0]) });
    // [[259({})], {}]
    const result = await call(Buffer.from("8281d90103a0a0", "hex"));
    expect(result).toMatchObject({ status: Outcome.failure, exception: expect.stringContaining("CBORTag(259, ...)") });
  });
});

describe("deployed apps", () => {
  test("have versions, of which an older one can be asked for", async () => {
    fake.deploy("shop", { add });
    fake.deploy("shop", { add: fn(() => 0), extra: fn(() => 1) });
    const { apps } = await client.cpClient.appList({ environmentName: "main" });
    expect(apps.map(({ name, metadata }) => [name, metadata?.lifecycle?.version])).toEqual([["shop", 2]]);
    const old = await client.cpClient.functionGet({ appName: "shop", objectTag: "add", appVersion: 1 });
    const latest = await client.cpClient.functionGet({ appName: "shop", objectTag: "add" });
    expect(old.functionId).toBe(latest.functionId);
    expect(old.handleMetadata?.functionSchema?.arguments.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(latest.handleMetadata?.functionSchema?.arguments).toEqual([]);
    await expect(functionId("missing")).rejects.toThrow("NOT_FOUND");
    const { appDeploymentHistories } = await client.cpClient.appDeploymentHistory({ appId: apps[0]!.appId });
    expect(appDeploymentHistories.map(({ version }) => version)).toEqual([2, 1]);
  });

  test("let running inputs finish when a new version comes, and run later ones in it", async () => {
    const [running, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    fake.deploy("shop", {
      slow: fn(() => {
        running.resolve();
        return gate.promise;
      }),
    });
    const slow = await client.functions.fromName("shop", "slow");
    const first = slow.remote([]);
    await running.promise;
    fake.deploy("shop", { slow: fn(() => "new") });
    expect(await slow.remote([])).toBe("new");
    gate.resolve("old");
    expect(await first).toBe("old");
  });

  test("are absent after they were stopped", async () => {
    const app = fake.deploy("shop", { add });
    await client.cpClient.appStop({ appId: app.id });
    expect((await client.cpClient.appGetByDeploymentName({ name: "shop" })).appId).toBe("");
  });
});

describe("a map", () => {
  test("takes inputs in several requests, and gives outputs from an entry on", async () => {
    fake.deploy("shop", { add });
    const id = await functionId("add");
    const { functionCallId } = await client.cpClient.functionMap({
      functionId: id,
      functionCallType: 2,
      functionCallInvocationType: 4,
    });
    for (const from of [0, 40]) {
      const inputs = Array.from({ length: 40 }, (_, index) => input(from + index, [from + index, 1]));
      await client.cpClient.functionPutInputs({ functionId: id, functionCallId, inputs });
    }
    await client.cpClient.functionFinishInputs({ functionId: id, functionCallId, numInputs: 80 });
    const got = new Map<number, unknown>();
    let lastEntryId = "0-0";
    while (got.size < 80) {
      const page = await outputs(functionCallId, { lastEntryId });
      ({ lastEntryId } = page);
      for (const output of page.outputs) got.set(output.idx, valueOf(output));
    }
    expect([...got].sort(([a], [b]) => a - b)).toEqual(Array.from({ length: 80 }, (_, index) => [index, index + 1]));
    const range = await outputs(functionCallId, { startIdx: 10, endIdx: 12 });
    expect(range.outputs.map(({ idx }) => idx).sort()).toEqual([10, 11, 12]);
    await outputs(functionCallId, { clearOnSuccess: true, timeout: 0 });
    expect(await outputs(functionCallId, { timeout: 0 })).toMatchObject({ outputs: [], numUnfinishedInputs: 0 });
  });

  test("runs inputs in batches where the function is batched", async () => {
    const sizes: number[] = [];
    fake.deploy("shop", {
      double: fn(
        ({ args }) => {
          const [values] = args as [number[]];
          sizes.push(values.length);
          return values.map((value) => value * 2);
        },
        { parameters: { x: "int" }, batch: { maxSize: 4, waitMs: 200 }, maxContainers: 1 },
      ),
    });
    const { functionCallId } = await client.cpClient.functionMap({
      functionId: await functionId("double"),
      functionCallType: 2,
      functionCallInvocationType: 4,
      pipelinedInputs: [1, 2, 3, 4].map((x, idx) => input(idx, [x])),
    });
    let got = await outputs(functionCallId);
    while (got.numUnfinishedInputs > 0) got = await outputs(functionCallId);
    got = await outputs(functionCallId);
    expect(got.outputs.map(valueOf)).toEqual([2, 4, 6, 8]);
    expect(sizes).toEqual([4]);
  });
});

describe("a generator", () => {
  const call = async (tag: string) =>
    client.cpClient.functionMap({
      functionId: await functionId(tag),
      functionCallType: 1,
      functionCallInvocationType: 1,
      pipelinedInputs: [input(0, [3])],
    });

  test("streams what it yields, and ends with how many that were", async () => {
    fake.deploy("shop", {
      count: generator(function* ({ args }) {
        for (let index = 0; index < Number(args[0]); index++) yield index;
      }),
    });
    const { functionCallId } = await call("count");
    const yields: unknown[] = [];
    for await (const { index, data } of client.cpClient.functionCallGetDataOut({ functionCallId, lastIndex: 0 })) {
      yields.push([index, readValue(data!)]);
    }
    expect(yields).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    const [done] = (await outputs(functionCallId)).outputs;
    expect(done).toMatchObject({ dataFormat: Format.generatorDone, result: { status: Outcome.success } });
    expect([...(done?.result?.data ?? [])]).toEqual([8, 3]);
  });

  test("gives what it has yielded before it fails", async () => {
    fake.deploy("shop", {
      fails: generator(async function* () {
        yield "one";
        throw new PythonError("MyError", "after one", "app");
      }),
    });
    const { functionCallId } = await call("fails");
    const yields: unknown[] = [];
    for await (const { data } of client.cpClient.functionCallGetDataOut({ functionCallId, lastIndex: 0 })) {
      yields.push(readValue(data!));
    }
    expect(yields).toEqual(["one"]);
    const [failed] = (await outputs(functionCallId)).outputs;
    expect(failed?.result).toMatchObject({ status: Outcome.failure, exception: "MyError('after one')" });
    expect(failed?.result?.traceback).toMatch(/app\.MyError: after one\n$/);
  });
});

describe("faults", () => {
  test("fail an RPC as often as a test wants", async () => {
    fake.deploy("shop", { add });
    fake.faults.fail("functionGet", Status.PERMISSION_DENIED, { message: "not yours" });
    await expect(functionId("add")).rejects.toThrow("PERMISSION_DENIED: not yours");
    expect(await functionId("add")).toMatch(/^fu-/);
    expect(fake.count("functionGet")).toBe(2);
  });

  test("lose the answer of an RPC that was carried out", async () => {
    fake.deploy("shop", { add });
    const request = { functionId: await functionId("add"), functionCallType: 1, functionCallInvocationType: 3 };
    fake.faults.fail("functionMap", Status.PERMISSION_DENIED, { after: true });
    await expect(client.cpClient.functionMap(request)).rejects.toThrow("PERMISSION_DENIED");
    expect(fake.calls.all.size).toBe(1);
  });

  test("replace an output by a failure of Modal's own", async () => {
    fake.deploy("shop", { add });
    fake.faults.failInternally("add");
    const found = await client.functions.fromName("shop", "add");
    const { functionCallId } = await found.spawn([1, 2]);
    expect((await outputs(functionCallId)).outputs[0]?.result?.status).toBe(Outcome.internalFailure);
    expect(await found.remote([1, 2])).toBe(3);
  });

  test("are retried by the SDK where the status says that the server is busy", async () => {
    fake.deploy("shop", { add });
    fake.faults.fail("functionGet", Status.UNAVAILABLE, { times: 2 });
    expect(await functionId("add")).toMatch(/^fu-/);
    expect(fake.count("functionGet")).toBe(3);
  });

  test("lose an output, of which whoever holds the input's token is told", async () => {
    fake.deploy("shop", { add });
    fake.faults.loseOutputs("add");
    const { functionCallId, functionCallJwt, pipelinedInputs } = await client.cpClient.functionMap({
      functionId: await functionId("add"),
      functionCallType: 1,
      functionCallInvocationType: 4,
      pipelinedInputs: [input(0, [1, 2])],
    });
    const inputJwts = pipelinedInputs.map(({ inputJwt }) => inputJwt);
    const [lost] = (await outputs(functionCallId, { inputJwts })).outputs;
    expect(lost?.result?.status).toBe(Outcome.internalFailure);
    const retry = { inputJwt: inputJwts[0]!, input: input(0, [1, 2]).input, retryCount: 1 };
    await client.cpClient.functionRetryInputs({ functionCallJwt, inputs: [retry] });
    const [output] = (await outputs(functionCallId)).outputs;
    expect([valueOf(output), output?.retryCount]).toEqual([3, 1]);
  });

  test("double an output, and add one of another attempt", async () => {
    fake.deploy("shop", { add });
    const found = await client.functions.fromName("shop", "add");
    fake.faults.duplicateOutputs("add");
    const { functionCallId } = await found.spawn([1, 2]);
    await outputs(functionCallId);
    expect((await outputs(functionCallId)).outputs.map(valueOf)).toEqual([3, 3]);
    fake.faults.addOutputsOfOtherAttempts("add");
    const second = await found.spawn([1, 2]);
    await outputs(second.functionCallId);
    expect((await outputs(second.functionCallId)).outputs.map(({ retryCount }) => retryCount)).toEqual([1, 0]);
  });

  test("crash a container, whose inputs fail internally", async () => {
    fake.deploy("shop", { dies: fn(({ crash }) => crash()) });
    const dies = await client.functions.fromName("shop", "dies");
    const { functionCallId } = await dies.spawn([]);
    expect((await outputs(functionCallId)).outputs[0]?.result?.status).toBe(Outcome.internalFailure);
  });

  // Modal's own container asks again after these.
  const passing = [
    "DEADLINE_EXCEEDED",
    "UNAVAILABLE",
    "CANCELLED",
    "INTERNAL",
    "UNKNOWN",
    "RESOURCE_EXHAUSTED",
  ] as const;
  test.each(passing)(
    "are outlasted by a container: %s of its blob's RPC is not the function's failure",
    async (name) => {
      fake.deploy("shop", { big: fn(() => "x".repeat(3 << 20)) });
      const big = await client.functions.fromName("shop", "big");
      fake.faults.fail("blobCreate", Status[name], { times: 2 });
      expect(await big.remote([])).toHaveLength(3 << 20);
      expect(fake.count("blobCreate")).toBe(3);
    },
  );

  test("take both planes away and bring them back, with all that they know", async () => {
    fake.deploy("shop", { add });
    const found = await client.functions.fromName("shop", "add");
    expect(await found.remote([1, 1])).toBe(2);
    await fake.restart();
    expect(await found.remote([2, 2])).toBe(4);
  });
});

describe("the server", () => {
  test("retries spawned calls by itself, as often as the function says", async () => {
    const attempts: number[] = [];
    const flaky = fn(
      ({ attempt }) => {
        attempts.push(attempt);
        if (attempt < 2) throw new PythonError("ValueError", "not yet");
        return "done";
      },
      { retries: 2 },
    );
    fake.deploy("shop", { flaky });
    const { functionCallId } = await (await client.functions.fromName("shop", "flaky")).spawn([]);
    expect(valueOf((await outputs(functionCallId)).outputs[0])).toBe("done");
    expect(attempts).toEqual([0, 1, 2]);
  });

  test("ends an input that takes too long", async () => {
    fake.deploy("shop", { hangs: fn(() => new Promise(() => {}), { timeoutSecs: 1 }) });
    const { functionCallId } = await (await client.functions.fromName("shop", "hangs")).spawn([]);
    expect((await outputs(functionCallId)).outputs[0]?.result?.status).toBe(Outcome.timeout);
  });

  test("keeps what functions print, and streams it", async () => {
    const app = fake.deploy("shop", { says: fn(({ print }) => print("hello")) });
    await (await client.functions.fromName("shop", "says")).remote([]);
    const { batches } = await client.cpClient.appFetchLogs({ appId: app.id, limit: 10 });
    expect(batches.flatMap(({ items }) => items.map(({ data }) => data))).toEqual(["hello\n"]);
    for await (const { items, entryId } of client.cpClient.appGetLogs({ appId: app.id, timeout: 5, lastEntryId: "" })) {
      expect([items[0]?.data, entryId]).toEqual(["hello\n", "1-0"]);
      break;
    }
  });

  test("lists the calls of a function with their counts", async () => {
    fake.deploy("shop", { add });
    const found = await client.functions.fromName("shop", "add");
    await found.remote([1, 2]);
    const { functionCalls } = await client.cpClient.functionCallList({ functionId: found.functionId });
    expect(functionCalls[0]).toMatchObject({
      totalInputs: 1,
      succeededInputs: { total: 1 },
      pendingInputs: { total: 0 },
    });
    const fetched = await client.cpClient.functionCallFetch({ functionId: found.functionId, tail: { count: 5 } });
    expect(fetched.functionCallInputs).toMatchObject([{ functionCallId: functionCalls[0]?.functionCallId, status: 3 }]);
  });
});

describe("the input plane", () => {
  test("runs calls of functions that name it, for the npm SDK", async () => {
    fake.deploy("shop", { add: { ...add, metadata: { inputPlaneUrl: fake.inputPlaneUrl } } });
    const found = await client.functions.fromName("shop", "add");
    expect(await found.remote([2, 3])).toBe(5);
    expect([fake.count("attemptStart"), fake.count("functionMap")]).toEqual([1, 0]);
  });

  test("runs maps, and says which inputs were lost", async () => {
    fake.deploy("shop", { add });
    fake.faults.loseOutputs("add");
    const plane = client.ipClient(fake.inputPlaneUrl);
    const started = await plane.mapStartOrContinue({
      functionId: await functionId("add"),
      items: [{ input: input(1, [1, 1]) }],
    });
    const { mapToken, attemptTokens } = started;
    let lost = [false];
    while (!lost[0]) ({ lost } = await plane.mapCheckInputs({ lastEntryId: "0-0", attemptTokens, timeout: 0 }));
    await plane.mapStartOrContinue({
      functionId: started.functionId,
      mapToken,
      items: [{ input: input(1, [1, 1]), attemptToken: attemptTokens[0] }],
    });
    const got = await plane.mapAwait({ mapToken, lastEntryId: "0-0", timeout: 20 });
    expect(got.outputs.map((output) => [output.idx, valueOf(output)])).toEqual([[1, 2]]);
  });
});

test("the fake runs by itself, and ends with the program that started it", async () => {
  const main = join(import.meta.dirname, "fake/main.ts");
  const child = spawn(process.execPath, [main], { stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  expect(JSON.parse(line)).toMatchObject({ MODAL_SERVER_URL: expect.stringContaining("127.0.0.1") });
  child.stdin.end();
  expect(await exit).toEqual([0, null]);
});
