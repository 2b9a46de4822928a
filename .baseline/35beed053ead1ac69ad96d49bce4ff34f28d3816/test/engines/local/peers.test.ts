import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostStatus, localEngine } from "../../../src/engines/local/index.ts";
import { FromHost, ToHost } from "../../../src/engines/local/protocol.ts";
import { encodeArguments } from "../../../src/runtime/index.ts";
import { CallHeaderWriter } from "../../../src/wire/call-header.ts";
import { FromContainer } from "../../../src/wire/container-protocol.ts";
import { FrameReader, FrameWriter } from "../../../src/wire/frames.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";
import { program } from "./program.ts";

/** Set to 100000 for the full siege. */
const FRAMES = Number(process.env["FARCALL_FUZZ_FRAMES"]) || 5_000;
const echo = deployment("work", "export const echo = app.function(function echo(x) { return x; });", { echo: {} });

/** A generator of numbers that a failing run can be repeated with. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

async function rawClient(path: string, greet = true): Promise<{ socket: Socket; writer: FrameWriter }> {
  const socket = connect(join(path, "host.sock"));
  socket.on("error", () => {});
  await once(socket, "connect");
  const writer = new FrameWriter(socket);
  if (greet) writer.write(ToHost.hello, 0, 0, Buffer.from('{"protocol":1,"version":"0.0.0","pid":1}'));
  writer.flush();
  return { socket, writer };
}

test(
  "a peer that sends nonsense loses its connection, and nobody else notices",
  async () => {
    await using home = await temporaryHome();
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(echo);
    const app = new Driver(engine, "work");
    expect(await app.remote("echo", 1)).toBe(1);
    const { pid } = (await hostStatus(home.url))!;
    const seed = Date.now() | 0;
    const random = randomFrom(seed);
    const texts = [
      "",
      "{",
      "null",
      "[]",
      '{"method":"deploy","params":{"manifest":{},"artifact":{},"secrets":{}}}',
      '{"method":"listApps","params":{"environment":7}}',
      '{"method":"poll","params":{"id":"fc-x","range":{"start":-1}}}',
      '{"method":"cancel","params":{}}',
      '{"method":"constructor","params":{}}',
      '{"method":"logs","params":{"after":"x"}}',
      '{"id":"fc-1","method":"map","durable":true,"function":{"app":"work","environment":"main","name":"echo"}}',
      '{"id":"fc-2","method":"map","durable":false,"function":{"app":"work","environment":"main","name":"echo"}}',
      '{"id":"fc-2","method":"map","durable":false,"function":{"app":"__proto__","environment":"main","name":"x"}}',
      '{"id":"fc-1","range":{}}',
    ];
    let client = await rawClient(home.path);
    for (let n = 0; n < FRAMES; n++) {
      if (client.socket.destroyed || random(200) === 0) {
        client.socket.destroy();
        client = await rawClient(home.path, random(10) > 0);
      }
      const payload = Buffer.from(texts[random(texts.length)]!);
      if (random(100) === 0) client.socket.write(Buffer.from(Array.from({ length: random(64) }, () => random(256))));
      else client.writer.write(random(14), random(6), random(4), payload, random(3));
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    client.socket.destroy();
    expect(await app.remote("echo", "still here"), `seed ${seed}`).toBe("still here");
    expect((await hostStatus(home.url))!.pid, `seed ${seed}`).toBe(pid);
    await expect.poll(async () => (await hostStatus(home.url))!.clients, patient).toBe(2);
    await engine.close();
  },
  60_000 + FRAMES * 5,
);

test("a peer with requests that are too large or impossible harms nobody else", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment(
      "work",
      `export const count = app.function(function* count(n) { for (let i = 0; i < n; i++) yield i; });
      export const echo = app.function(function echo(x) { return x; });
      // In the place of the container's own words to the host.
      export const scribble = app.function(async function scribble(text) {
        const payload = Buffer.from(text);
        const frame = Buffer.alloc(16 + payload.length);
        frame.writeUInt32LE(payload.length, 0);
        frame[4] = ${FromContainer.log};
        payload.copy(frame, 16);
        (await import("node:fs")).writeSync(3, frame);
        await new Promise(() => {});
      });`,
      { count: { mode: "generator" }, echo: {}, scribble: {} },
    ),
  );
  const { pid } = (await hostStatus(home.url))!;
  const { socket, writer } = await rawClient(home.path);
  const closed = once(socket.resume(), "close");
  const open = (number: number, name: string, method: string, durable: boolean) => {
    const message = { method, durable, function: { app: "work", environment: "main", name } };
    writer.write(ToHost.open, number, 0, new CallHeaderWriter().write(`fc-raw-${number}`, message));
  };
  const most = Buffer.alloc(4, 0xff);
  open(1, "count", "remoteGen", false);
  writer.write(ToHost.credit, 1, 0, most);
  writer.write(ToHost.credit, 1, 0, most);
  writer.write(ToHost.input, 1, 0, encodeArguments([3]));
  writer.write(ToHost.end, 1, 1);
  writer.flush();
  await expect.poll(async () => (await engine.invoker.call("fc-raw-1")).numEnded, patient).toBe(1);
  // Of 5,000 inputs one has come.
  open(2, "echo", "spawn", true);
  writer.write(ToHost.input, 2, 0, encodeArguments([3]));
  writer.write(ToHost.end, 2, 5_000);
  writer.flush();
  await closed;
  expect(await engine.invoker.stats(new Driver(engine, "work").ref("echo"))).toMatchObject({ backlog: 0 });
  // Whose own words are no record: the container goes, and its input with it.
  const app = new Driver(engine, "work");
  await expect(app.remote("scribble", "null")).rejects.toThrow("died 9 times");
  const { manifest, artifact, secrets } = echo;
  const broken = { ...manifest, app: "broken", functions: [{ name: "f" }] } as never;
  await expect(engine.deployer!.deploy({ manifest: broken, artifact, secrets })).rejects.toThrow("functions[0]");
  expect(await app.remote("echo", "still here")).toBe("still here");
  expect((await hostStatus(home.url))!.pid).toBe(pid);
  await engine.close();
});

test("a peer that announces a frame over the limit is cut off before it sends it", async () => {
  await using home = await temporaryHome();
  await localEngine(home.url).registry.listApps();
  const { socket } = await rawClient(home.path);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(0xffff_ffff, 0);
  socket.write(header);
  socket.resume();
  await once(socket, "close");
});

test("a peer that reads nothing does not fill the host's memory", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(echo);
  await new Driver(engine, "work").remote("echo", 1);
  const before = (await hostStatus(home.url))!.memoryBytes;
  const { socket, writer } = await rawClient(home.path);
  socket.pause();
  const open = {
    method: "map",
    durable: false,
    function: { app: "work", environment: "main", name: "echo" },
  };
  const callHeaders = new CallHeaderWriter();
  writer.write(ToHost.open, 1, 0, callHeaders.write("fc-slow", open));
  // What one input gives back is worth thousands of its own size.
  await engine.deployer!.deploy(
    deployment("wide", "export const widen = app.function(function widen(n) { return new Uint8Array(n); });", {
      widen: {},
    }),
  );
  writer.write(
    ToHost.open,
    2,
    0,
    callHeaders.write("fc-wide", { ...open, function: { app: "wide", environment: "main", name: "widen" } }),
  );
  const payload = encodeArguments([1_000_000]);
  for (let index = 0; index < 1_000; index++) writer.write(ToHost.input, 2, index, payload);
  writer.write(ToHost.end, 2, 1_000);
  const call = async () => engine.invoker.call("fc-wide");
  /** Waits as long as outputs come, however slowly; `still` is how often in a row nothing may have come. */
  const atRest = async (still: number): Promise<number> => {
    let ended = (await call()).numEnded;
    for (let quiet = 0; quiet < still && ended < 1_000; ) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const now = (await call()).numEnded;
      quiet = now === ended ? quiet + 1 : 0;
      ended = now;
    }
    return ended;
  };
  await expect.poll(async () => (await call()).numEnded, patient).toBeGreaterThan(10);
  expect(await atRest(3)).toBeLessThan(400);
  expect((await hostStatus(home.url))!.memoryBytes - before).toBeLessThan(600e6);
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  socket.resume();
  // A gigabyte takes its time on a busy machine: it is enough that it does not stand still.
  expect(await atRest(60)).toBe(1_000);
  await expect.poll(() => received, patient).toBeGreaterThan(1_000 * 1_000_000);
  socket.destroy();
  await engine.close();
});

test("a client that follows logs and does not read for a while misses nothing", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment(
      "work",
      `const line = "x".repeat(20_000);
      export const print = app.function(async function print(from, to) {
        for (let n = from; n < to; n++) {
          console.log(n + line);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });`,
      { print: {} },
    ),
  );
  const app = new Driver(engine, "work");
  await app.remote("print", 0, 3);
  const { socket, writer } = await rawClient(home.path);
  const follow = { method: "logs", params: { follow: true, limit: 2 } };
  writer.write(ToHost.subscribe, 1, 0, Buffer.from(JSON.stringify(follow)));
  writer.flush();
  await expect.poll(async () => (await hostStatus(home.url))!.clients, patient).toBe(3);
  socket.pause();
  await app.remote("print", 3, 500);
  const seen: number[] = [];
  const reader = new FrameReader(({ type, payload }) => {
    if (type === FromHost.item) seen.push(Number.parseInt(JSON.parse(payload.toString()).text, 10));
  });
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  socket.resume();
  await expect.poll(() => seen.at(-1), patient).toBe(499);
  // And hears what is new from then on.
  await app.remote("print", 500, 501);
  await expect.poll(() => seen.at(-1), patient).toBe(500);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
  socket.destroy();
  await engine.close();
});

test("the running calls of a caller that is killed are cancelled", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment("work", "export const wait = app.function(function wait() { return new Promise(() => {}); });", {
      wait: { options: { maxContainers: 2 } },
    }),
  );
  const caller = program('app.call("wait", [[], [], []]); console.log("called");', home.env);
  await caller.said("called");
  const app = new Driver(engine, "work");
  await expect
    .poll(() => engine.invoker.stats(app.ref("wait")), patient)
    .toMatchObject({ numRunningInputs: 2, backlog: 1 });
  caller.child.kill("SIGKILL");
  await caller.finished;
  await expect
    .poll(() => engine.invoker.stats(app.ref("wait")), patient)
    .toMatchObject({ numRunningInputs: 0, backlog: 0 });
  await engine.close();
});

test("ten thousand calls and two hundred clients can be open at once", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(echo);
  const app = new Driver(engine, "work");
  const calls = Array.from({ length: 10_000 }, (_, n) => app.remote("echo", n));
  const clients = Array.from({ length: 200 }, () => localEngine(home.url));
  const answers = await Promise.all(clients.map((client, n) => new Driver(client, "work").remote("echo", n)));
  expect(answers).toEqual(clients.map((_, n) => n));
  expect((await Promise.all(calls)).every((value, n) => value === n)).toBe(true);
  await Promise.all(clients.map((client) => client.close()));
  await engine.close();
});

test.skipIf(process.platform === "win32")(
  "a host that runs out of open files serves on once there are some again",
  async () => {
    await using home = await temporaryHome();
    const start = `import(${JSON.stringify(new URL("../../../src/engines/local/index.ts", import.meta.url).href)}).then((local) => local.localEngine("local:").registry.listApps())`;
    execFileSync("/bin/sh", ["-c", 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, start], {
      env: home.env as NodeJS.ProcessEnv,
    });
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(echo);
    const app = new Driver(engine, "work");
    await app.remote("echo", 1);
    const { pid } = (await hostStatus(home.url))!;
    const sockets = await Promise.all(Array.from({ length: 100 }, async () => (await rawClient(home.path)).socket));
    expect(await app.remote("echo", "still here")).toBe("still here");
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await hostStatus(home.url).catch(() => undefined))?.pid, patient).toBe(pid);
    await engine.deployer!.deploy(
      deployment("more", "export const f = app.function(function f() { return 1; });", { f: {} }),
    );
    expect(await new Driver(engine, "more").remote("f")).toBe(1);
    await engine.close();
  },
);

test("a connection that never greets is closed", async () => {
  await using home = await temporaryHome();
  await localEngine(home.url).registry.listApps();
  const { socket } = await rawClient(home.path, false);
  let first: number | undefined;
  socket.once("data", (chunk: Buffer) => {
    first = chunk[4];
  });
  new FrameWriter(socket).write(ToHost.open, 1, 0, Buffer.from("{}"));
  await once(socket, "close");
  expect(first).toBe(FromHost.refused);
});
