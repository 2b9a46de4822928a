/** Who can reach a host and its files: its user, and nobody else, whoever made the state directory and whatever a peer says. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import type { EngineUnavailableError } from "../../../src/runtime/errors.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";
import { program } from "./program.ts";

/** Nobody in particular: the user that most systems have for those who may do nothing. */
const NOBODY = 65_534;

/** A process that does nothing until it is killed. */
function victim(): { pid: number; ended: Promise<unknown> } & Disposable {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  return { pid: child.pid!, ended: once(child, "exit"), [Symbol.dispose]: () => child.kill("SIGKILL") };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resolves once it listens; to undefined when this user cannot run the program. */
async function impostor(
  socket: string,
  pid: number,
  uid = process.getuid!(),
): Promise<({ connections: () => number } & Disposable) | undefined> {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "impostor.ts"), socket, String(pid)],
    { stdio: ["ignore", "pipe", "ignore"], cwd: "/", env: { PATH: process.env["PATH"] }, uid },
  );
  let said = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await Promise.race([once(child.stdout!, "data"), once(child, "exit")]);
  if (!said.includes("listening")) return undefined;
  return { connections: () => said.split("connected").length - 1, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

/** Too long for a socket. */
function longState(home: string): string {
  return join(home, "a-rather-long-name-for-a-folder-".repeat(6));
}

async function refusal(promise: Promise<unknown>): Promise<EngineUnavailableError> {
  return promise.then(
    () => expect.fail("it was not refused"),
    (error: EngineUnavailableError) => error,
  );
}

describe.skipIf(process.platform === "win32")("a state directory", () => {
  test("that was made with the usual mode becomes private, with the files in it", async () => {
    await using home = await temporaryHome();
    const state = join(home.path, "s");
    mkdirSync(state);
    chmodSync(state, 0o755);
    for (const name of ["host.log", "logs.db"]) {
      writeFileSync(join(state, name), "");
      chmodSync(join(state, name), 0o644);
    }
    const engine = localEngine(`local:${state}`);
    await engine.registry.listApps();
    expect(statSync(state).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(state)) expect([name, lstatSync(join(state, name)).mode & 0o077]).toEqual([name, 0]);
    await engine.close();
    await stopHost(`local:${state}`, { force: true });
  });

  test("is private also where a program's umask is 0, and functions write files with that umask", async () => {
    await using home = await temporaryHome({ NODE_COMPILE_CACHE: "" });
    const state = join(home.path, "s");
    const file = join(home.path, "written");
    const app = deployment(
      "work",
      `import { writeFileSync } from "node:fs";
       export const f = app.function(function f(file) { writeFileSync(file, ""); return process.env.FARCALL_UMASK; });`,
      { f: {} },
    );
    const { code, stderr } = await program(
      `process.umask(0);
       await engine.deployer!.deploy(${JSON.stringify(app)});
       console.log(await app.remote("f", ${JSON.stringify(file)}));`,
      { ...home.env, FARCALL_HOME: state, FARCALL_ENGINE: `local:${state}` },
    ).finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of readdirSync(state)) expect([name, lstatSync(join(state, name)).mode & 0o077]).toEqual([name, 0]);
    expect(existsSync(join(state, "compile-cache"))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o666);
    await stopHost(`local:${state}`, { force: true });
  });

  test("that others can enter and that holds other files is refused, and left as it is", async () => {
    await using home = await temporaryHome();
    const state = join(home.path, "project");
    mkdirSync(state);
    chmodSync(state, 0o755);
    writeFileSync(join(state, "package.json"), "{}");
    const engine = localEngine(`local:${state}`);
    const { message, hint } = await refusal(engine.registry.listApps());
    expect(message).toMatch(/project cannot be used: other users can enter it \(its mode is 755\)/);
    expect(hint).toContain(`chmod 700 "${state}"`);
    expect(statSync(state).mode & 0o777).toBe(0o755);
    expect(readdirSync(state)).toEqual(["package.json"]);
    chmodSync(state, 0o700);
    expect(await engine.registry.listApps()).toEqual([]);
    await engine.close();
    await stopHost(`local:${state}`, { force: true });
  });
});

describe.skipIf(process.platform === "win32")("the socket of a state directory with a long path", () => {
  test("lies in a private folder of a random name, which goes with the host", async () => {
    await using home = await temporaryHome();
    const url = `local:${longState(home.path)}`;
    const sockets: string[] = [];
    for (let i = 0; i < 2; i++) {
      const engine = localEngine(url);
      await engine.registry.listApps();
      sockets.push(JSON.parse(readFileSync(join(longState(home.path), "host.address"), "utf8")).socket);
      const folder = lstatSync(dirname(sockets[i]!));
      expect(folder.isDirectory()).toBe(true);
      expect(folder.mode & 0o777).toBe(0o700);
      await engine.close();
      await stopHost(url, { force: true });
      expect(existsSync(dirname(sockets[i]!))).toBe(false);
    }
    expect(sockets[0]).not.toBe(sockets[1]);
  });

  test("is used again by the next host after one was killed", async () => {
    await using home = await temporaryHome();
    const url = `local:${longState(home.path)}`;
    const engine = localEngine(url);
    await engine.registry.listApps();
    const address = () => JSON.parse(readFileSync(join(longState(home.path), "host.address"), "utf8"));
    const first = address();
    process.kill(first.pid, "SIGKILL");
    await expect.poll(() => isRunning(first.pid), patient).toBe(false);
    await engine.registry.listApps();
    expect(address()).toEqual({ socket: first.socket, pid: expect.any(Number) });
    expect(address().pid).not.toBe(first.pid);
    await engine.close();
    await stopHost(url, { force: true });
  });

  test("is not used through a link that took its folder's place", async () => {
    await using home = await temporaryHome();
    const url = `local:${longState(home.path)}`;
    const engine = localEngine(url);
    await engine.registry.listApps();
    await engine.close();
    const { pid, socket } = JSON.parse(readFileSync(join(longState(home.path), "host.address"), "utf8"));
    process.kill(pid, "SIGKILL");
    const folder = dirname(socket);
    rmSync(folder, { recursive: true });
    const elsewhere = mkdtempSync(join(tmpdir(), "fc-"));
    symlinkSync(elsewhere, folder);
    const error = await refusal(stopHost(url));
    rmSync(folder);
    rmSync(elsewhere, { recursive: true });
    expect(error.message).toContain(`${folder} is not this user's own`);
    expect(error.hint).toMatch(/Remove it/);
  });
});

test.skipIf(process.platform === "win32")(
  "a host that will not stop is not taken at its word about its process",
  async () => {
    await using home = await temporaryHome();
    using target = victim();
    using fake = await impostor(join(home.path, "host.sock"), target.pid);
    // What a client would believe, had the impostor written it.
    writeFileSync(join(home.path, "host.address"), JSON.stringify({ pid: target.pid, socket: "" }));
    const { message, hint } = await refusal(stopHost(home.url, { force: true }));
    expect(fake!.connections()).toBe(1);
    expect(message).toContain(`process ${target.pid} is not known to be it`);
    expect(hint).toContain("farcall host");
    expect(isRunning(target.pid)).toBe(true);
    rmSync(join(home.path, "host.sock"));
  },
);

test.skipIf(process.platform === "win32")("a host that hangs is killed by force", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  const app = deployment("work", "export const f = app.function(function f() { return process.ppid; });", { f: {} });
  await engine.deployer!.deploy(app);
  const pid = (await new Driver(engine, "work").remote("f")) as number;
  await engine.close();
  // The socket answers, the process hangs: an impostor in its place, and the host's own record.
  const socket = join(home.path, "host.sock");
  process.kill(pid, "SIGSTOP");
  rmSync(socket);
  using fake = await impostor(socket, pid);
  expect(await stopHost(home.url, { force: true })).toBe(true);
  expect(fake!.connections()).toBe(1);
  await expect.poll(() => isRunning(pid), patient).toBe(false);
  rmSync(socket);
});

describe.skipIf(process.getuid?.() !== 0)("another user (only root can try)", () => {
  test("who takes the place of a host's socket reaches no client and gets no process killed", async (context) => {
    await using home = await temporaryHome();
    const state = longState(home.path);
    const url = `local:${state}`;
    const engine = localEngine(url);
    await engine.registry.listApps();
    await engine.close();
    const { pid, socket } = JSON.parse(readFileSync(join(state, "host.address"), "utf8"));
    process.kill(pid, "SIGKILL");
    // As what cleans temp folders would, and then the other user makes it again.
    const folder = dirname(socket);
    rmSync(folder, { recursive: true });
    using place = publicFolder();
    writeFileSync(join(state, "host.address"), JSON.stringify({ pid, socket: join(place.path, "host.sock") }));
    using target = victim();
    using fake = await impostor(join(place.path, "host.sock"), target.pid, NOBODY);
    if (!fake) return context.skip("this user's files cannot be read by another");
    for (const attempt of [stopHost(url, { force: true }), hostStatus(url), localEngine(url).registry.listApps()]) {
      const { code, message } = await refusal(attempt);
      expect(code).toBe("FARCALL_ENGINE_UNAVAILABLE");
      expect(message).toContain("is not this user's own");
    }
    expect(fake.connections()).toBe(0);
    expect(isRunning(target.pid)).toBe(true);
    rmSync(join(state, "host.address"));
  });

  test("who made a socket in a state directory that was open to all is not connected to", async (context) => {
    using place = publicFolder();
    using target = victim();
    const socket = join(place.path, "host.sock");
    using fake = await impostor(socket, target.pid, NOBODY);
    if (!fake) return context.skip("this user's files cannot be read by another");
    const { message } = await refusal(stopHost(`local:${place.path}`, { force: true }));
    expect(message).toContain(`${socket} is not this user's own`);
    expect(statSync(place.path).mode & 0o777).toBe(0o700);
    expect(fake.connections()).toBe(0);
    expect(isRunning(target.pid)).toBe(true);
  });

  test("who left a link or a file in a state directory that was open to all has nothing written to it", async () => {
    for (const make of [
      (path: string, target: string) => symlinkSync(target, path),
      (path: string) => writeFileSync(path, ""),
    ]) {
      using place = publicFolder();
      using elsewhere = publicFolder();
      const target = join(elsewhere.path, "target");
      writeFileSync(target, "as it was");
      chmodSync(target, 0o644);
      make(join(place.path, "host.log"), target);
      lchownSync(join(place.path, "host.log"), NOBODY, NOBODY);
      // It is private after the first attempt, and still not to be used.
      for (let attempt = 0; attempt < 2; attempt++) {
        const { message, hint } = await refusal(localEngine(`local:${place.path}`).registry.listApps());
        expect(message).toContain(`host.log in it belongs to user ${NOBODY}`);
        expect(hint).toMatch(/remove it/);
      }
      expect(statSync(place.path).mode & 0o777).toBe(0o700);
      expect(readdirSync(place.path)).toEqual(["host.log"]);
      expect([readFileSync(target, "utf8"), statSync(target).mode & 0o777]).toEqual(["as it was", 0o644]);
    }
  });

  /** A folder that every user can write to. */
  function publicFolder(): { path: string } & Disposable {
    const path = mkdtempSync("/tmp/fc-");
    chmodSync(path, 0o777);
    return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
  }
});
