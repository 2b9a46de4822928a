/** The fake Modal under Modal's own client: the real `modal deploy`, and the real containers, called by the npm SDK. */
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModalClient } from "modal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patient } from "../../support/limits.ts";
import {
  cls,
  FakeModal,
  Format,
  fn,
  generator,
  generatorMethod,
  method,
  modal,
  modalDeploy,
  modalPython,
  Outcome,
  pythonMissing,
} from "./fake/index.ts";
import { readValue, writeArguments } from "./fake/python-values.ts";

// Starting Python takes seconds, and on a busy machine many.
describe.skipIf(!modalPython)(`Modal's own client${pythonMissing}`, { timeout: 300_000 }, () => {
  let fake: FakeModal;
  let client: ModalClient;
  let folder: string;
  let file: string;
  const printed: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fake-python-"));
    file = join(folder, "shop.py");
    await copyFile(join(import.meta.dirname, "fixtures/shop.py"), file);
    fake = await FakeModal.start({ python: modalPython!, onPrint: (line) => printed.push(line) });
    client = fake.connect();
    expect(await modalDeploy(fake, file)).toContain("App deployed");
  }, 300_000);

  afterAll(async () => {
    client?.close();
    await fake?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function call(name: string, ...args: unknown[]): Promise<unknown> {
    const found = await client.functions.fromName("shop", name);
    try {
      return await found.remote(args);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${printed.slice(-20).join("")}`);
    }
  }

  const open = async (name: string, args: unknown[][], type = 1, invocation = 1) => {
    const { functionId } = await client.cpClient.functionGet({ appName: "shop", objectTag: name });
    const inputs = args.map((each, idx) => ({
      idx,
      input: { args: writeArguments(each), dataFormat: Format.cbor },
    }));
    return client.cpClient.functionMap({
      functionId,
      functionCallType: type,
      functionCallInvocationType: invocation,
      pipelinedInputs: inputs,
    });
  };

  async function outputsOf(functionCallId: string) {
    for (;;) {
      const request = { functionCallId, timeout: 20, lastEntryId: "0-0" };
      const page = await client.cpClient.functionGetOutputs(request);
      if (page.numUnfinishedInputs === 0) return (await client.cpClient.functionGetOutputs(request)).outputs;
    }
  }

  async function yieldsOf(functionCallId: string): Promise<unknown[]> {
    const yields: unknown[] = [];
    for await (const { data } of client.cpClient.functionCallGetDataOut({ functionCallId, lastIndex: 0 })) {
      yields.push(readValue(data!));
    }
    return yields;
  }

  test("deploys functions with the schemas that Modal records", async () => {
    const { appId, lifecycle } = await client.cpClient.appGetByDeploymentName({ name: "shop" });
    expect(lifecycle?.version).toBe(1);
    const { appLayout } = await client.cpClient.appGetLayout({ appId });
    const handles = new Map(appLayout!.objects.map((each) => [each.objectId, each.functionHandleMetadata]));
    const add = handles.get(appLayout!.functionIds["add"]!);
    expect(add?.functionSchema?.arguments).toMatchObject([
      { name: "a", hasDefault: false, fullType: { baseType: 2 } },
      { name: "b", hasDefault: true, fullType: { baseType: 2 } },
    ]);
    expect(add?.supportedInputFormats).toContain(Format.cbor);
    const greeter = handles.get(appLayout!.functionIds["Greeter.*"]!);
    expect(greeter?.classParameterInfo?.schema.map(({ name, hasDefault }) => [name, hasDefault])).toEqual([
      ["times", false],
      ["greeting", true],
    ]);
    expect(Object.keys(greeter?.methodHandleMetadata ?? {}).sort()).toEqual(["each", "greet"]);
  });

  test("is imitated by functions declared in TypeScript: their metadata is the same", async () => {
    const nothing = () => [];
    const greet = method(nothing, { parameters: { name: "str" }, returns: "str" });
    const each = generatorMethod(nothing, { parameters: { names: "list[str]" } });
    const parameters = { times: "int", greeting: { type: "str", default: "hello" } };
    fake.deploy("imitation", {
      add: fn(nothing, { parameters: { a: "int", b: { type: "int", default: 5 } }, returns: "int" }),
      describe: fn(nothing, { parameters: { value: "Any" } }),
      fail: fn(nothing, { parameters: { code: "int" }, returns: "None" }),
      count: generator(nothing, { parameters: { n: "int" } }),
      Greeter: cls({ greet, each }, { parameters }),
    });
    const describeOf = async (appName: string, objectTag: string) => {
      const { handleMetadata } = await client.cpClient.functionGet({ appName, objectTag });
      const { definitionId: _, appId, ...rest } = handleMetadata!;
      return JSON.parse(JSON.stringify(rest).replaceAll(appId, "ap"));
    };
    for (const tag of ["add", "describe", "fail", "count", "Greeter.*"]) {
      expect(await describeOf("imitation", tag)).toEqual(await describeOf("shop", tag));
    }
  });

  test("runs functions in containers that speak CBOR", async () => {
    expect(await call("add", 2, 3)).toBe(5);
    expect(await call("describe", 2 ** 20)).toEqual({ type: "int", repr: "1048576" });
    expect(printed).toContain("adding 2 3\n");
    const { outputs } = { outputs: await outputsOf((await open("today", [[]])).functionCallId) };
    expect(readValue(outputs[0]!.result!.data!)).toEqual({
      at: new Date("2026-01-02T03:04:05Z"),
      large: 2n ** 40n,
      set: new Set([1, 2]),
      none: null,
      tuple: [1, "a"],
    });
  });

  test("gives exceptions with the traceback of Python", async () => {
    const [output] = await outputsOf((await open("fail", [[7]])).functionCallId);
    expect(output?.result).toMatchObject({ status: Outcome.failure, exception: "StockError('code 7')" });
    expect(output?.result?.traceback).toMatch(/KeyError: 'missing'[\s\S]*shop\.py[\s\S]*StockError: code 7\n$/);
  });

  test("streams what generators yield, sync and async, also before a failure", async () => {
    const counted = await open("count", [[3]]);
    expect(await yieldsOf(counted.functionCallId)).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    const [done] = await outputsOf(counted.functionCallId);
    expect([done?.dataFormat, ...(done?.result?.data ?? [])]).toEqual([Format.generatorDone, 8, 3]);
    const failing = await open("count_async", [[3]]);
    expect(await yieldsOf(failing.functionCallId)).toEqual([0, 1, 2]);
    const [failed] = await outputsOf(failing.functionCallId);
    expect(failed?.result?.exception).toBe("RuntimeError('after three')");
  });

  test("passes large values as blobs in both directions", async () => {
    expect((await call("zeros", 5_000_000)) as Uint8Array).toHaveLength(5_000_000);
    expect(await call("size", new Uint8Array(5_000_000))).toBe(5_000_000);
    expect(fake.blobs.stored.size).toBe(2);
  });

  test("runs a class with its parameters, in a container of its own", async () => {
    const Greeter = await client.cls.fromName("shop", "Greeter");
    const twice = (await Greeter.instance({ times: 2 })).method("greet");
    expect([await twice.remote(["Ada"]), await twice.remote(["Ada"])]).toEqual(["hello Ada x2 #1", "hello Ada x2 #2"]);
    const thrice = (await Greeter.instance({ times: 3, greeting: "hi" })).method("greet");
    expect(await thrice.remote(["Bo"])).toBe("hi Bo x3 #1");
  });

  test("runs batched and concurrent functions", async () => {
    const batched = await outputsOf((await open("double", [[1], [2], [3], [4]], 2, 4)).functionCallId);
    expect(batched.map(({ result }) => readValue(result!.data!))).toEqual(
      [2, 4, 6, 8].map((value) => ({ value, batch: 4 })),
    );
    const met = await outputsOf((await open("meet", [[3], [3], [3]], 2, 4)).functionCallId);
    expect(met.map(({ result }) => readValue(result!.data!))).toEqual([3, 3, 3]);
  });

  test("runs functions over the input plane, generators with their yields", async () => {
    const plane = client.ipClient(fake.inputPlaneUrl);
    const start = async (name: string, ...args: unknown[]) => {
      const { functionId } = await client.cpClient.functionGet({ appName: "shop", objectTag: name });
      const input = { idx: 0, input: { args: writeArguments(args), dataFormat: Format.cbor } };
      return plane.attemptStart({ functionId, input });
    };
    const { attemptToken } = await start("add", 2, 3);
    const { output } = await plane.attemptAwait({ attemptToken, timeoutSecs: 60 });
    expect(readValue(output!.result!.data!)).toBe(5);
    const counted = await start("count", 2);
    const yields: unknown[] = [];
    for await (const { data } of plane.functionCallGetDataOut({ attemptToken: counted.attemptToken, lastIndex: 0 })) {
      yields.push(readValue(data!));
    }
    expect(yields).toEqual([{ i: 0 }, { i: 1 }]);
  });

  test("retries spawned calls as the function's retries say", async () => {
    const path = join(folder, "attempts");
    const [output] = await outputsOf((await open("flaky", [[path]], 1, 3)).functionCallId);
    expect([readValue(output!.result!.data!), output?.retryCount]).toEqual([3, 2]);
    expect(await readFile(path, "utf8")).toBe("xxx");
  });

  test.each(["sleep", "sleep_async"])("cancels code that runs: %s", async (name) => {
    const mark = join(folder, `${name} runs`);
    const { functionCallId } = await open(name, [[300, mark]], 1, 3);
    // A container that has not begun an input does not hear that it is cancelled.
    await expect.poll(() => existsSync(mark), patient).toBe(true);
    await client.cpClient.functionCallCancel({ functionCallId });
    const [output] = await outputsOf(functionCallId);
    expect(output?.result?.status).toBe(Outcome.terminated);
    // The container goes on.
    expect(await call(name, 0)).toBe("woke");
  });

  test("reports a container that has crashed", async () => {
    const [output] = await outputsOf((await open("crash", [[]], 1, 3)).functionCallId);
    expect(output?.result).toMatchObject({ status: Outcome.internalFailure });
    expect(output?.result?.exception).toContain("exit code 3");
  });

  test("reports code that cannot be loaded, and starts no container again and again", async () => {
    const broken = join(folder, "broken.py");
    const source = 'import os, modal\napp = modal.App("broken")\n@app.function()\ndef f(): pass\n';
    await writeFile(
      broken,
      `${source}if os.environ.get("MODAL_IS_REMOTE") == "1": raise ImportError("no such part")\n`,
    );
    await modalDeploy(fake, broken);
    const { functionId } = await client.cpClient.functionGet({ appName: "broken", objectTag: "f" });
    fake.resetCounts();
    const { functionCallId } = await client.cpClient.functionMap({
      functionId,
      functionCallType: 1,
      functionCallInvocationType: 4,
      pipelinedInputs: [{ idx: 0, input: { args: writeArguments([]), dataFormat: Format.cbor } }],
    });
    const [output] = await outputsOf(functionCallId);
    expect(output?.result).toMatchObject({ status: Outcome.initFailure, exception: "ImportError('no such part')" });
    expect(fake.count("containerHello")).toBe(1);
  });

  test("redeploys as a new version, whose code running containers make way for", async () => {
    const source = await readFile(file, "utf8");
    expect(await call("add", 1, 1)).toBe(2);
    await modalDeploy(fake, file);
    const unchanged = await client.cpClient.appGetByDeploymentName({ name: "shop" });
    expect(unchanged.lifecycle?.version).toBe(1);
    await writeFile(file, source.replace("return a + b", "return a * 10 + b"));
    await modalDeploy(fake, file, { tag: "v2" });
    const changed = await client.cpClient.appGetByDeploymentName({ name: "shop" });
    expect([changed.appId, changed.lifecycle?.version]).toEqual([unchanged.appId, 2]);
    expect(await call("add", 1, 1)).toBe(11);
    expect(await modal(fake, ["app", "history", "shop"])).toContain("v2");
  });

  test("lists and stops apps by Modal's command line", async () => {
    expect(await modal(fake, ["app", "list"])).toContain("shop");
    await modal(fake, ["app", "stop", "shop", "--yes"]);
    await expect(call("add", 1, 1)).rejects.toThrow("not found");
  });

  test("has the heartbeats of its containers answered before it takes them for failed", () => {
    expect(printed.filter((line) => line.toLowerCase().includes("heartbeat"))).toEqual([]);
  });
});
