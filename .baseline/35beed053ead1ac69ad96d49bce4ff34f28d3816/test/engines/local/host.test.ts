import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { EngineUnavailableError } from "../../../src/runtime/errors.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";
import { program } from "./program.ts";

const repo = resolve(import.meta.dirname, "../../..");
const work = (body: string, name = "f") =>
  deployment("work", `export const f = app.function(${body}, { name: "${name}" });`, { [name]: {} });

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is as good as gone: nobody may be there to collect it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function pidOf(url: string): Promise<number> {
  const status = await hostStatus(url);
  return status?.pid ?? 0;
}

test("ten programs that start at once share one host", async () => {
  await using home = await temporaryHome();
  const programs = Array.from({ length: 10 }, () =>
    program(
      "await engine.registry.listApps(); console.log((await import('node:fs')).statSync(process.env.FARCALL_HOME + '/host.sock').ino);",
      home.env,
    ),
  );
  const finished = await Promise.all(programs.map((each) => each.finished));
  expect(finished.map(({ code, stderr }) => ({ code, stderr }))).toEqual(finished.map(() => ({ code: 0, stderr: "" })));
  expect(new Set(finished.map(({ stdout }) => stdout)).size).toBe(1);
});

test("an engine that is closed while it connects leaves no connection behind", async () => {
  await using home = await temporaryHome();
  const first = localEngine(home.url);
  await first.registry.listApps();
  for (let i = 0; i < 5; i++) {
    const engine = localEngine(home.url);
    const listed = engine.registry.listApps().catch((error: Error) => error);
    await engine.close();
    expect(await listed).toBeInstanceOf(EngineUnavailableError);
  }
  await expect.poll(async () => (await hostStatus(home.url))!.clients, patient).toBe(2);
  await first.close();
});

test.skipIf(process.platform === "win32")("a state directory behind a link need not exist yet", async () => {
  await using home = await temporaryHome();
  const link = join(home.path, "link");
  mkdirSync(join(home.path, "real"));
  symlinkSync(join(home.path, "real"), link);
  // So long that its socket is elsewhere, under a name that is made of the path.
  const url = `local:${join(link, "d".repeat(60), "e".repeat(60))}`;
  const engine = localEngine(url);
  expect(await engine.registry.listApps()).toEqual([]);
  await engine.close();
  await stopHost(url, { force: true });
});

test("a container that was reserved for an input that never came serves others again", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const body = `async function job(what, ms) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (what === "throw") throw new Error("once more");
    return process.pid;
  }`;
  const options = {
    minContainers: 1,
    maxContainers: 1,
    concurrency: { maxInputs: 2 },
    retries: { maxRetries: 3, initialDelayMs: 1_000, backoffCoefficient: 1, maxDelayMs: 1_000 },
  };
  await engine.deployer!.deploy(deployment("work", `export const job = app.function(${body});`, { job: { options } }));
  const app = new Driver(engine, "work");
  const running = async (count: number) =>
    expect
      .poll(async () => (await engine.invoker.stats(app.ref("job"))).numRunningInputs, { ...patient, interval: 20 })
      .toBe(count);
  const pid = (await app.remote("job", "", 0)) as number;
  const unwanted = app.call("job", [["throw", 400]], { method: "remote" }).handle;
  const mate = app.remote("job", "", 400);
  await running(2);
  // From now on both run alone.
  process.kill(pid, "SIGKILL");
  await mate;
  // It fails once more, and while it waits for its next attempt another one begins; then its caller goes.
  await running(1);
  await running(0);
  const long = app.remote("job", "", 3_000);
  await sleep(2_000);
  unwanted.cancel();
  await long;
  expect(await app.remote("job", "", 0)).not.toBe(pid);
  await engine.close();
});

describe("an input that does not stop", () => {
  const options = { maxContainers: 1, concurrency: { maxInputs: 5 } };
  const app = deployment(
    "work",
    `export const wait = app.function(async function wait(ms) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return { pid: process.pid, attempt: context().attempt };
    });
    export const either = app.function(async function either(ms) {
      if (ms === Infinity) for (;;);
      await new Promise((resolve) => setTimeout(resolve, ms));
      return { pid: process.pid, attempt: context().attempt };
    });`,
    { wait: { options }, either: { options } },
  );

  test("is killed with its container once its neighbours have finished", async () => {
    await using home = await temporaryHome();
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(app);
    const work = new Driver(engine, "work");
    const stuck = work.call("wait", [[60_000]]).handle;
    const neighbour = work.remote("wait", 6_000);
    // What came before has begun by then.
    await work.remote("wait", 0);
    stuck.cancel();
    const { pid, attempt } = (await neighbour) as { pid: number; attempt: number };
    expect(attempt).toBe(0);
    await expect.poll(() => alive(pid), patient).toBe(false);
    expect(await work.remote("wait", 0)).toMatchObject({ attempt: 0 });
    await engine.close();
  });

  test("is killed with its container at once when nothing else in it can go on", async () => {
    await using home = await temporaryHome();
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(app);
    const work = new Driver(engine, "work");
    const neighbour = work.remote("either", 4_000);
    await work.remote("either", 0);
    const stuck = work.call("either", [[Number.POSITIVE_INFINITY]]).handle;
    await sleep(1_000);
    stuck.cancel();
    expect(await neighbour).toMatchObject({ attempt: 1 });
    await engine.close();
  });
});

test("nothing is started before the first use, and a program ends when it awaits nothing", async () => {
  await using home = await temporaryHome();
  const idle = await program("console.log(engine.url);", home.env).finished;
  expect(idle).toMatchObject({ code: 0, stdout: `${home.url}\n` });
  expect(await hostStatus(home.url)).toBeUndefined();
  expect(await program("await engine.registry.listApps();", home.env).finished).toMatchObject({ code: 0, stderr: "" });
  expect(await hostStatus(home.url)).toMatchObject({ clients: 1, openCalls: 0, containers: [] });
});

test("state is private to the user", async () => {
  await using home = await temporaryHome();
  const state = join(home.path, "fresh");
  const engine = localEngine(`local:${state}`);
  await engine.deployer!.deploy(work("function f() {}"));
  expect(statSync(state).mode & 0o777).toBe(0o700);
  for (const file of ["state.db", "host.sock", "host.log"]) expect(statSync(join(state, file)).mode & 0o077).toBe(0);
  await engine.close();
  await stopHost(`local:${state}`, { force: true });
});

test("a host that nobody needs stops by itself and removes its socket", async () => {
  await using home = await temporaryHome();
  const env = { ...home.env, FARCALL_HOST_IDLE_MS: "100" };
  expect(await program("await engine.registry.listApps();", env).finished).toMatchObject({ code: 0 });
  // Asking the host would be a use of it.
  await expect.poll(() => existsSync(join(home.path, "host.sock")), patient).toBe(false);
  expect(await hostStatus(home.url)).toBeUndefined();
});

test("a host starts although a killed process has left its socket behind", async () => {
  await using home = await temporaryHome();
  const socket = join(home.path, "host.sock");
  const script = `require("node:net").createServer().listen(${JSON.stringify(socket)}, () => console.log("listening"))`;
  const listener = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(listener.stdout, "data");
  listener.kill("SIGKILL");
  await once(listener, "exit");
  expect(statSync(socket).isSocket()).toBe(true);
  const engine = localEngine(home.url);
  expect(await engine.registry.listApps()).toEqual([]);
  await engine.close();
});

test("a client goes on after its host was killed; a running call fails and says why", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    work("async function f(ms) { await new Promise((r) => setTimeout(r, ms)); return process.ppid; }"),
  );
  const app = new Driver(engine, "work");
  const first = (await app.remote("f", 0)) as number;
  expect(await pidOf(home.url)).toBe(first);
  const { outcomes, handle } = app.call("f", [[60_000]]);
  await expect.poll(async () => (await engine.invoker.call(handle.id)).numInputs, patient).toBe(1);
  process.kill(first, "SIGKILL");
  const error = (await outcomes.catch((thrown: unknown) => thrown)) as EngineUnavailableError;
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect(error.hint).toContain("idempotencyKey");
  const second = await app.remote("f", 0);
  expect(second).not.toBe(first);
  await engine.close();
});

test("no container outlives its host, not even one in an endless loop", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(work("function f() { for (;;); }"));
  new Driver(engine, "work").call("f", [[]]).handle.detach();
  await expect.poll(async () => (await hostStatus(home.url))?.containers[0]?.running, patient).toBe(1);
  const status = (await hostStatus(home.url))!;
  process.kill(status.pid, "SIGKILL");
  await expect.poll(() => alive(status.containers[0]!.pid), patient).toBe(false);
  await engine.close();
});

describe.skipIf(process.platform === "win32")("what a function has started ends with its container", () => {
  const starting = (then: string, options = {}) =>
    deployment(
      "work",
      `import { spawn } from "node:child_process";
       import { renameSync, writeFileSync } from "node:fs";
       export const f = app.function(async (file) => {
         const { pid } = spawn("sleep", ["1000"], { stdio: "inherit" });
         writeFileSync(file + "~", String(pid));
         renameSync(file + "~", file);
         ${then}
       }, { name: "f" });`,
      { f: { options } },
    );
  const forEver = "for (;;);";

  test.each<[string, string, { timeoutMs?: number }, ((pids: { host: number; container: number }) => void)?]>([
    ["stopped for its time", forEver, { timeoutMs: 500 }],
    ["killed", forEver, {}, ({ container }) => process.kill(container, "SIGKILL")],
    ["left by the function", "process.exit(3);", {}],
    ["killed with its host", forEver, {}, ({ host }) => process.kill(host, "SIGKILL")],
    ["whose host's group is killed", forEver, {}, ({ host }) => process.kill(-host, "SIGKILL")],
  ])("%s", async (_, then, options, kill) => {
    await using home = await temporaryHome();
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(starting(then, options));
    const file = join(home.path, "pid");
    const { outcomes, handle } = new Driver(engine, "work").call("f", [[file]]);
    outcomes.catch(() => {});
    await expect.poll(() => existsSync(file), patient).toBe(true);
    const started = Number(readFileSync(file, "utf8"));
    const { pid: host, containers } = (await hostStatus(home.url))!;
    if (kill) kill({ host, container: containers[0]!.pid });
    await expect.poll(() => alive(started), patient).toBe(false);
    handle.detach();
    await engine.close();
  });
});

test("SIGTERM lets running inputs finish", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    work(
      "async function f(file) { while (!(await import('node:fs')).existsSync(file)) await new Promise((r) => setTimeout(r, 5)); return 'done'; }",
    ),
  );
  const app = new Driver(engine, "work");
  const gate = join(home.path, "gate");
  const { outcomes } = app.call("f", [[gate]]);
  await expect.poll(async () => (await engine.invoker.stats(app.ref("f"))).numRunningInputs, patient).toBe(1);
  const pid = await pidOf(home.url);
  process.kill(pid, "SIGTERM");
  await expect.poll(() => existsSync(join(home.path, "host.sock")), patient).toBe(false);
  expect(alive(pid)).toBe(true);
  writeFileSync(gate, "");
  expect(await outcomes).toEqual([{ index: 0, value: "done" }]);
  await expect.poll(() => alive(pid), patient).toBe(false);
  expect(await app.remote("f", gate)).toBe("done");
  await engine.close();
});

test("stopHost says whether there was a host; with force it does not wait for running inputs", async () => {
  await using home = await temporaryHome();
  expect(await stopHost(home.url)).toBe(false);
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(work("function f() { return new Promise(() => {}); }"));
  const { outcomes } = new Driver(engine, "work").call("f", [[]]);
  await expect.poll(async () => (await hostStatus(home.url))?.containers[0]?.running, patient).toBe(1);
  const status = (await hostStatus(home.url))!;
  expect(await stopHost(home.url, { force: true })).toBe(true);
  expect(alive(status.pid)).toBe(false);
  await expect(outcomes).rejects.toThrow(EngineUnavailableError);
  await expect.poll(() => alive(status.containers[0]!.pid), patient).toBe(false);
  await engine.close();
});

test("a program that is busy while its host stops or is killed calls the next host", async () => {
  await using home = await temporaryHome();
  const stop = `import { stopHost } from ${JSON.stringify(join(repo, "src/engines/local/index.ts"))};
    console.log("stopped", await stopHost("local:"));`;
  const { stdout, stderr } = await program(
    `import { execFileSync } from "node:child_process";
    import { hostStatus } from ${JSON.stringify(join(repo, "src/engines/local/index.ts"))};
    await engine.deployer!.deploy(${JSON.stringify(work("function f() { return 7; }"))});
    const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "-e"];
    console.log(String(execFileSync(process.execPath, [...flags, ${JSON.stringify(stop)}])));
    console.log(await Promise.all([app.remote("f"), app.remote("f")]));
    process.kill((await hostStatus("local:")).pid, "SIGKILL");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    console.log(await app.remote("f"));`,
    home.env,
  ).finished;
  expect(`${stdout}${stderr}`).toMatch(/^stopped true\s+\[ 7, 7 \]\s+7\s*$/);
});

test("a host whose directory was removed stops", async () => {
  await using home = await temporaryHome();
  const state = join(home.path, "s");
  const engine = localEngine(`local:${state}`);
  await engine.registry.listApps();
  const pid = await pidOf(`local:${state}`);
  (await import("node:fs")).rmSync(state, { recursive: true });
  await expect.poll(() => alive(pid), patient).toBe(false);
  await engine.close();
});

test("a state directory with a long path works", async () => {
  await using home = await temporaryHome();
  const state = join(home.path, "a-rather-long-name-for-a-folder-".repeat(6));
  mkdirSync(state, { recursive: true });
  const engine = localEngine(`local:${state}`);
  expect(await engine.registry.listApps()).toEqual([]);
  await engine.close();
  expect(await stopHost(`local:${state}`, { force: true })).toBe(true);
});

test("a state directory of a newer farcall is refused and left as it is", async () => {
  await using home = await temporaryHome();
  const database = new DatabaseSync(join(home.path, "state.db"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  const error = await localEngine(home.url)
    .registry.listApps()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect((error as Error).message).toMatch(/newer farcall/);
});

test("the error about a damaged database names it and says what to do", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(work("function f() {}"));
  await engine.close();
  await stopHost(home.url, { force: true });
  const file = join(home.path, "state.db");
  truncateSync(file, 1000);
  const error = (await engine.registry.listApps().catch((thrown: unknown) => thrown)) as EngineUnavailableError;
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect(`${error.message} ${error.hint}`).toMatch(/state\.db is damaged.*farcall doctor --repair/s);
});

/** The local engine of another farcall: this one, under another version or with another protocol. */
async function otherFarcall(folder: string, version: string, protocol?: number): Promise<typeof localEngine> {
  cpSync(join(repo, "src"), join(folder, "src"), { recursive: true });
  symlinkSync(join(repo, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "farcall", type: "module", version }));
  if (protocol !== undefined) {
    const file = join(folder, "src/engines/local/protocol.ts");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace(/(?<=export const PROTOCOL = )\d+/, String(protocol)));
  }
  const other = (await import(join(folder, "src/engines/local/index.ts"))) as { localEngine: typeof localEngine };
  return other.localEngine;
}

test("an older host makes room for a newer client, and a newer host serves an older client", async () => {
  await using home = await temporaryHome();
  const olderEngine = await otherFarcall(join(home.path, "old"), "0.0.1");
  const state = `local:${join(home.path, "s")}`;
  const oldEngine = olderEngine(state);
  await oldEngine.deployer!.deploy(
    work("async function f() { await new Promise((r) => setTimeout(r, 500)); return 1; }"),
  );
  expect(await hostStatus(state)).toMatchObject({ version: "0.0.1" });
  const under = new Driver(oldEngine, "work").remote("f");
  // Two that ask at once do not hurry what runs there.
  const [engine, another] = [localEngine(state), localEngine(state)];
  const apps = await Promise.all([engine.registry.listApps(), another.registry.listApps()]);
  expect(apps).toMatchObject([[{ app: "work" }], [{ app: "work" }]]);
  expect(await under).toBe(1);
  const status = await hostStatus(state);
  expect(status?.version).not.toBe("0.0.1");
  expect(await oldEngine.registry.listApps()).toMatchObject([{ app: "work" }]);
  expect(await pidOf(state)).toBe(status?.pid);
  await Promise.all([engine.close(), another.close(), oldEngine.close()]);
  await stopHost(state, { force: true });
});

test("of two builds of one version, the one with the newer protocol gets its host, and the other gets an error that says to update", async () => {
  await using home = await temporaryHome();
  const { version } = JSON.parse(readFileSync(join(repo, "package.json"), "utf8")) as { version: string };
  const olderEngine = await otherFarcall(join(home.path, "old"), version, 1);
  const state = `local:${join(home.path, "s")}`;
  const oldEngine = olderEngine(state);
  await oldEngine.deployer!.deploy(work("function f() { return 1; }"));
  const before = await pidOf(state);
  const engine = localEngine(state);
  expect(await engine.registry.listApps()).toMatchObject([{ app: "work" }]);
  const after = await pidOf(state);
  expect(after).not.toBe(before);
  const error = (await oldEngine.registry.listApps().catch((thrown: unknown) => thrown)) as EngineUnavailableError;
  expect(`${error.message} ${error.hint}`).toMatch(/cannot talk to.*Update farcall/s);
  expect(await pidOf(state)).toBe(after);
  await Promise.all([engine.close(), oldEngine.close()]);
  await stopHost(state, { force: true });
});

test.skipIf(process.getuid?.() === 0)("the error about a read-only directory names it", async () => {
  await using home = await temporaryHome();
  const state = join(home.path, "s");
  mkdirSync(state);
  chmodSync(state, 0o500);
  await expect(localEngine(`local:${state}`).registry.listApps()).rejects.toThrow(
    /cannot write to the state directory/,
  );
});

test("the error about a path that is not a directory names it", async () => {
  await using home = await temporaryHome();
  const file = join(home.path, "file");
  writeFileSync(file, "");
  const error = await localEngine(`local:${file}`)
    .registry.listApps()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EngineUnavailableError);
  expect((error as Error).message).toContain(file);
});

test("a watcher sees deploys across a killed host", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const versions: number[] = [];
  const stop = new AbortController();
  const { promise: ready, resolve: onReady } = Promise.withResolvers<number>();
  const watching = (async () => {
    for await (const event of engine.registry.watchDeploys({ signal: stop.signal, onReady })) {
      versions.push(event.version);
      if (event.version === 4) stop.abort();
    }
  })();
  await ready;
  const deployer = localEngine(home.url);
  for (let n = 1; n <= 4; n++) {
    await deployer.deployer!.deploy(work(`function f() { return ${n}; }`));
    process.kill(await pidOf(home.url), "SIGKILL");
  }
  await watching;
  expect(versions).toEqual([1, 2, 3, 4]);
  await Promise.all([engine.close(), deployer.close()]);
});

test("FARCALL_LOGS shows the caller the output of its own calls", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(work("function f(text) { console.log(text); }"));
  await new Driver(engine, "work").remote("f", "another's");
  const { stderr, code } = await program(
    'await app.remote("f", "mine"); await new Promise((r) => setTimeout(r, 300));',
    {
      ...home.env,
      FARCALL_LOGS: "1",
    },
  ).finished;
  expect({ stderr, code }).toEqual({ stderr: "[work/f] mine\n", code: 0 });
  await engine.close();
});
