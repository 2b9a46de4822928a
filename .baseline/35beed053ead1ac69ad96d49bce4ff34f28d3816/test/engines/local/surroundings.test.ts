/** What the machine does to an engine: clocks that jump, other users, disks that cannot be written; and what it shows of it. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { hostStatus, localEngine } from "../../../src/engines/local/index.ts";
import type { EngineUnavailableError } from "../../../src/runtime/errors.ts";
import { every } from "../../../src/runtime/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";

const repo = resolve(import.meta.dirname, "../../..");
const DAY_MS = 86_400_000;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

describe("a clock that jumps", () => {
  afterEach(() => vi.unstubAllEnvs());

  /** Host and containers started from now on see the time that `set` says: the module that they load first replaces Date. */
  function clock(folder: string): { set: (offsetMs: number) => void } {
    const file = join(folder, "offset");
    const module = join(folder, "clock.mjs");
    const set = (offsetMs: number) => writeFileSync(file, String(offsetMs));
    set(0);
    writeFileSync(
      module,
      `import { readFileSync } from "node:fs";
const Real = Date;
const now = () => Real.now() + Number(readFileSync(${JSON.stringify(file)}, "utf8"));
globalThis.Date = class Date extends Real {
  constructor(...parts) { if (parts.length > 0) super(...parts); else super(now()); }
  static now() { return now(); }
};
`,
    );
    vi.stubEnv("FARCALL_OTEL", module);
    return { set };
  }

  test("neither stops a schedule nor makes it run for each time that was skipped", async () => {
    await using home = await temporaryHome();
    const { set } = clock(home.path);
    const engine = localEngine(home.url);
    await engine.deployer!.deploy(
      deployment("timed", "export const tick = app.function(function tick() {});", {
        tick: { options: { schedule: every({ seconds: 1 }) } },
      }),
    );
    const runs = async () => (await engine.monitor!.calls({ app: "timed", limit: 1_000 })).length;
    await expect.poll(runs, patient).toBeGreaterThan(1);
    for (const offset of [DAY_MS, 0, -DAY_MS, 0]) {
      const before = await runs();
      const jumped = performance.now();
      set(offset);
      await expect.poll(runs, { ...patient, message: `after a jump to ${offset}` }).toBeGreaterThan(before + 2);
      const made = (await runs()) - before;
      // One a second, and one for all those that were jumped over.
      expect(made, `after a jump to ${offset}`).toBeLessThanOrEqual((performance.now() - jumped) / 1_000 + 3);
    }
    await engine.close();
  });

  test("keeps results, retries and scaling as they were", async () => {
    await using home = await temporaryHome();
    const { set } = clock(home.path);
    const engine = localEngine(home.url);
    const delay = { maxRetries: 1, backoffCoefficient: 1, initialDelayMs: 300, maxDelayMs: 300 };
    await engine.deployer!.deploy(
      deployment(
        "work",
        `import { existsSync, writeFileSync } from "node:fs";
export const flaky = app.function(function flaky(file) { if (existsSync(file)) return "done"; writeFileSync(file, ""); throw new Error("once"); });`,
        { flaky: { options: { retries: delay, scaledownWindowMs: 200 } } },
      ),
    );
    const app = new Driver(engine, "work");
    const ids: string[] = [];
    for (const [n, offset] of [DAY_MS, -DAY_MS, 0].entries()) {
      const file = join(home.path, `file-${n}`);
      const id = await app.spawn("flaky", [[file]]);
      ids.push(id);
      await until(() => existsSync(file));
      set(offset);
      for (const each of ids) expect(await app.get(each)).toEqual([{ index: 0, value: "done" }]);
      await expect.poll(async () => (await engine.invoker.stats(app.ref("flaky"))).numTotalRunners, patient).toBe(0);
    }
    await engine.close();
  });
});

/** Nobody in particular: the user that most systems have for those who may nothing. */
const NOBODY = 65_534;

/** Runs a program as another user; resolves to what it prints, or undefined when it cannot be run here. */
async function asNobody(code: string): Promise<string | undefined> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: "/",
    env: { PATH: process.env["PATH"], HOME: "/" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [output, exitCode] = await Promise.all([
    text(child.stdout),
    new Promise((ended) => child.on("close", ended).on("error", () => ended(1))),
  ]);
  return exitCode === 0 ? output.trim() : undefined;
}

const listsApps = (url: string) => `
import { localEngine } from ${JSON.stringify(join(repo, "src/engines/local/index.ts"))};
const said = await localEngine(${JSON.stringify(url)}).registry.listApps().then(() => "it worked", (error) => error.message);
console.log(said);`;

/** A folder that every user can get to, unlike those in a run's own. */
function publicFolder(): { path: string } & Disposable {
  const path = mkdtempSync("/tmp/fc-");
  chmodSync(path, 0o755);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

describe.skipIf(process.getuid?.() !== 0)("another user (only root can try)", () => {
  test("can neither connect to the host nor read its files, and gets an error that names the owner", async (context) => {
    using folder = publicFolder();
    const state = join(folder.path, "s");
    const url = `local:${state}`;
    const engine = localEngine(url);
    await engine.registry.listApps();
    const tried = await asNobody(`
import { connect } from "node:net";
import { readFileSync } from "node:fs";
const connected = await new Promise((done) => connect(${JSON.stringify(join(state, "host.sock"))}).on("connect", () => done("connected")).on("error", (error) => done(error.code)));
let read = "read";
try { readFileSync(${JSON.stringify(join(state, "state.db"))}); } catch (error) { read = error.code; }
console.log(connected, read);
process.exit();`);
    const told = await asNobody(listsApps(url));
    // The directory alone is not what keeps others out.
    chmodSync(state, 0o755);
    const opened = await asNobody(`
import { connect } from "node:net";
console.log(await new Promise((done) => connect(${JSON.stringify(join(state, "host.sock"))}).on("connect", () => done("connected")).on("error", (error) => done(error.code))));
process.exit();`);
    await engine.close();
    process.kill((await hostStatus(url))!.pid, "SIGKILL");
    if (told === undefined) return context.skip("this user's files cannot be read by another");
    expect(tried).toBe("EACCES EACCES");
    expect(opened).toBe("EACCES");
    expect(told).toMatch(/belongs to user 0, this process runs as user 65534/);
  });

  test("whose state directory is read-only gets an error that says so", async (context) => {
    using folder = publicFolder();
    const state = join(folder.path, "s");
    mkdirSync(state, { mode: 0o500 });
    chownSync(state, NOBODY, NOBODY);
    const told = await asNobody(listsApps(`local:${state}`));
    if (told === undefined) return context.skip("this user's files cannot be read by another");
    expect(told).toMatch(/cannot write to the state directory/);
  });
});

test("the error about a state directory on a read-only disk names it, also for root", async (context) => {
  await using home = await temporaryHome();
  const disk = join(home.path, "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=1m", "none", disk], { stdio: "ignore" });
  } catch {
    return context.skip("only root can mount a disk");
  }
  try {
    const error = (await localEngine(`local:${disk}`)
      .registry.listApps()
      .catch((thrown: unknown) => thrown)) as EngineUnavailableError;
    expect(error.code).toBe("FARCALL_ENGINE_UNAVAILABLE");
    expect(`${error.message} ${error.hint}`).toMatch(/cannot write to the state directory .*read-only.*FARCALL_HOME/s);
    await expect(localEngine(`local:${join(disk, "deeper")}`).registry.listApps()).rejects.toThrow(
      /state directory .*deeper cannot be used/,
    );
  } finally {
    execFileSync("umount", [disk]);
  }
});

test.skipIf(process.platform === "win32")("ps shows what each container runs", async () => {
  await using home = await temporaryHome();
  const engine = localEngine(home.url);
  await engine.deployer!.deploy(
    deployment("images", "export const resize = app.function(function resize() {});", { resize: {} }),
  );
  await new Driver(engine, "images").remote("resize");
  const { pid, containers } = (await hostStatus(home.url))!;
  const title = (of: number) => execFileSync("ps", ["-o", "args=", "-p", String(of)], { encoding: "utf8" }).trim();
  expect(title(containers[0]!.pid)).toBe("farcall: images/resize");
  expect(title(pid)).toMatch(/^farcall host /);
  await engine.close();
});
