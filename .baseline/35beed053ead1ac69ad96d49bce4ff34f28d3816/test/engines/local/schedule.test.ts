/** Functions that run by themselves, on a real host and by the real clock. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { deployApp } from "../../../src/deploy/index.ts";
import type { Engine } from "../../../src/engine/index.ts";
import { isAlive } from "../../../src/engines/local/client/alive.ts";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { App, cron, every, InvalidError } from "../../../src/runtime/index.ts";
import type { Schedule } from "../../../src/schema/index.ts";
import { project } from "../../deploy/project.ts";
import { deployment } from "../../engine/deployment.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

let home: TemporaryHome;
let engine: Engine;
let file: string;
let tests = 0;

beforeEach(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  file = join(scratch, `runs-${++tests}`);
});

afterEach(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
});

const ref = { app: "timed", environment: "main", name: "tick" };

async function deploy(schedule: Schedule): Promise<void> {
  const body = `
import { appendFileSync } from "node:fs";
export const tick = app.function(function tick(...args) { appendFileSync(${JSON.stringify(file)}, context().callId + " " + args.length + "\\n"); });`;
  await engine.deployer!.deploy(deployment("timed", body, { tick: { options: { schedule } } }));
}

const runs = () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

test("tells when a schedule runs a function next", async () => {
  await deploy(cron("30 9 * * *", { timezone: "Europe/Berlin" }));
  const { nextRunAt } = await engine.registry.resolve(ref);
  const inBerlin = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: "Europe/Berlin" });
  expect(inBerlin.format(new Date(nextRunAt!))).toBe("09:30:00");
  expect(Date.parse(nextRunAt!)).toBeGreaterThan(Date.now());
  await deploy(every({ days: 1 }));
  const [{ deployedAt } = expect.fail()] = await engine.registry.listApps();
  const daily = await engine.registry.resolve(ref);
  expect(Date.parse(daily.nextRunAt!)).toBe(Date.parse(deployedAt) + 86_400_000);
  // An older version is not run.
  expect(await engine.registry.resolve({ ...ref, version: 1 })).not.toHaveProperty("nextRunAt");
});

test.each([
  ["a period", every({ seconds: 1 })],
  ["a cron expression with seconds", cron("* * * * * *")],
])("%s runs the function again and again, without arguments, each time as a call of its own", async (_, schedule) => {
  await deploy(schedule);
  await until(() => runs().length >= 3);
  const lines = runs();
  expect(new Set(lines).size).toBe(lines.length);
  expect(lines.every((line) => line.endsWith(" 0"))).toBe(true);
  const calls = await engine.monitor!.calls({ app: "timed" });
  expect(calls.map(({ method }) => method)).toContain("spawn");
});

test("a run that was missed while no host was running is made up for, once", async () => {
  // Starts the host, so that the deploy is done before the time comes.
  await engine.registry.listApps();
  const due = new Date(Date.now() + 4_000);
  await deploy(cron(`${due.getUTCSeconds()} ${due.getUTCMinutes()} ${due.getUTCHours()} * * *`));
  const restart = async () => {
    await engine.close();
    await stopHost(home.url, { force: true });
    await until(() => Date.now() > due.getTime() + 500);
    engine = localEngine(home.url);
    await engine.invoker.stats(ref);
  };
  await restart();
  await until(() => runs().length === 1);
  // Until its end is on disk it would run again.
  await until(async () => (await engine.monitor!.calls({ app: "timed" })).every(({ numEnded }) => numEnded === 1));
  await restart();
  await sleep(500);
  expect(runs()).toHaveLength(1);
});

test("a host with a schedule keeps running, and stops when the app is removed", async () => {
  process.env["FARCALL_HOST_IDLE_MS"] = "50";
  try {
    await deploy(cron("0 0 1 1 *"));
    await engine.close();
    await sleep(500);
    const { pid } = (await hostStatus(home.url))!;
    engine = localEngine(home.url);
    await engine.deployer!.remove({ app: "timed", environment: "main" });
    await engine.close();
    // Not by asking it, which would keep it from being idle.
    await until(() => !isAlive(pid));
    expect(await hostStatus(home.url)).toBeUndefined();
  } finally {
    delete process.env["FARCALL_HOST_IDLE_MS"];
  }
});

test("a redeploy without the schedule ends it", async () => {
  await deploy(every({ seconds: 1 }));
  await until(() => runs().length >= 1);
  const body = "export const tick = app.function(function tick() {});";
  await engine.deployer!.deploy(deployment("timed", body, { tick: {} }));
  await sleep(100);
  const before = runs().length;
  await sleep(1_500);
  expect(runs().length).toBe(before);
});

describe("a deploy refuses", () => {
  async function problems(line: string): Promise<string> {
    await using broken = await project({
      "app.ts": `import { App, cron, every } from "farcall";\nexport const app = new App("broken");\n${line}\n`,
    });
    const error = (await deployApp({ entry: broken.path("app.ts"), engine }).catch((thrown: unknown) => thrown)) as {
      problems?: { message: string; line: number }[];
    };
    return (error.problems ?? []).map(({ message, line: at }) => `${at}: ${message}`).join(" ");
  }

  test("times that make no sense and functions that need arguments, all in one error", async () => {
    const text = await problems(`
export const a = app.function(function a(): void {}, { schedule: cron("0 25 * * *") });
export const b = app.function(function b(): void {}, { schedule: cron("0 9 * * *", { timezone: "Mars/Olympus" }) });
export const c = app.function(function c(text: string, n = 1): void { void [text, n]; }, { schedule: every({ hours: 1 }) });
export const d = app.function(function d(n = 1): void { void n; }, { schedule: every({ hours: 1 }) });`);
    expect(text).toMatch(/4: a: cron\("0 25 \* \* \*"/);
    expect(text).toMatch(/5: b: .*Mars/);
    expect(text).toMatch(/6: c: it runs on a schedule and would be called without text/);
    expect(text).not.toContain("7:");
  });
});

test("an invalid schedule is refused where it is written", () => {
  expect(cron("0 9 * * *")).toEqual({ kind: "cron", expression: "0 9 * * *", timezone: "UTC" });
  expect(every({ hours: 1, minutes: 30 })).toEqual({ kind: "every", everyMs: 5_400_000 });
  expect(() => cron("every day")).toThrow(InvalidError);
  expect(() => every({})).toThrow(/a second is the least|not a period/);
  expect(() => every({ weeks: 1 } as never)).toThrow(/weeks/);
  const app = new App("definitions");
  expect(() => app.function(() => 1, { name: "a", schedule: "0 9 * * *" as never })).toThrow(/must be made by cron/);
  expect(() => app.function(function* g() {}, { schedule: every({ hours: 1 }) })).toThrow(/generator/);
});
