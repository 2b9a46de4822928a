/** Which engine a call goes to, and what user code can find out about its call. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  Client,
  configure,
  context,
  disconnect,
  ExecutionError,
  Function,
  InvalidError,
  isRemote,
  registerEngine,
  setContext,
  stubs,
  withClient,
} from "../../src/runtime/index.ts";
import type { WatchedEngine } from "../support/watched-engine.ts";
import { useEngine, watched } from "./support.ts";

useEngine();

const opened: { url: string; engine: WatchedEngine }[] = [];
registerEngine("test", async () => (url) => {
  const engine = watched();
  opened.push({ url, engine });
  return engine;
});

const stub = () =>
  stubs({ app: "work", environment: "main", engine: "test:stub" }).function<Function<[n: number], number>>(
    "double",
    "signature of double",
  );
const urls = () => opened.map(({ url }) => url);

afterEach(async () => {
  configure({ engine: undefined });
  vi.unstubAllEnvs();
  await disconnect();
  opened.length = 0;
});

describe("the engine of a call", () => {
  test("is the client's, else the configured one, else FARCALL_ENGINE, else the stub's", async () => {
    const double = stub();
    expect(await double.remote(1)).toBe(2);
    expect(urls()).toEqual(["test:stub"]);
    await disconnect();
    vi.stubEnv("FARCALL_ENGINE", "test:env");
    expect(await double.remote(1)).toBe(2);
    expect(urls()).toEqual(["test:stub", "test:env"]);
    configure({ engine: "test:configured" });
    expect(await double.remote(1)).toBe(2);
    expect(urls()).toEqual(["test:stub", "test:env", "test:configured"]);
    await using client = new Client({ engine: "test:client" });
    expect(await withClient(client, double).remote(1)).toBe(2);
    expect(urls().at(-1)).toBe("test:client");
    configure({ engine: undefined });
    await double.remote(1);
    expect(opened.length).toBe(4);
  });

  test("is opened once for calls that start together", async () => {
    const double = stub();
    expect(await Promise.all([double.remote(1), double.remote(2), stub().remote(3)])).toEqual([2, 4, 6]);
    expect(urls()).toEqual(["test:stub"]);
  });

  test("can be given as an object", async () => {
    const engine = watched();
    configure({ engine });
    expect(await stub().remote(2)).toBe(4);
    expect(engine.observed.put).toBe(1);
    await engine.close();
  });

  test("closes when its client closes, and opens again when it is needed", async () => {
    const client = new Client({ engine: "test:one" });
    const double = withClient(client, stub());
    await double.remote(1);
    await client.close();
    expect(opened[0]?.engine.closed).toBe(1);
    await double.remote(1);
    expect(opened.length).toBe(2);
    await client.close();
    await client.close();
    expect(opened[1]?.engine.closed).toBe(1);
  });

  test("of an unknown kind is refused, and the known ones are named", () => {
    expect(() => configure({ engine: "pigeon:" })).toThrow(InvalidError);
    try {
      configure({ engine: "pigeon:" });
    } catch (error) {
      expect((error as InvalidError).hint).toContain('"test:"');
    }
  });

  test("if it cannot be opened, is tried again by the next call", async () => {
    let fails = true;
    registerEngine("flaky", async () => () => {
      if (fails) throw new Error("not now");
      return watched();
    });
    configure({ engine: "flaky:" });
    const double = stub();
    await expect(double.remote(1)).rejects.toThrow("not now");
    fails = false;
    expect(await double.remote(1)).toBe(2);
  });
});

test("context() works only inside a call, and calls made there belong to it", async () => {
  expect(isRemote()).toBe(false);
  expect(() => context()).toThrow(ExecutionError);
  const inside = {
    inputId: "fc-1:0",
    callId: "fc-1",
    attempt: 0,
    app: "work",
    environment: "staging",
    version: 3,
    function: "double",
    deadline: new Date(),
    signal: new AbortController().signal,
    progress() {},
  };
  let current: typeof inside | undefined = inside;
  setContext(() => current);
  expect(isRemote()).toBe(true);
  expect(context().callId).toBe("fc-1");
  expect(Function.fromName<[], void>("work", "double").environment).toBe("staging");
  current = undefined;
  expect(isRemote()).toBe(false);
});
