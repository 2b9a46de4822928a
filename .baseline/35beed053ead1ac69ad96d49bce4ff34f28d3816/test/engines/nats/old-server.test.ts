/** The basic part on the oldest server that farcall is for, which Debian has: 2.9. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../../src/engine/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Secured } from "./secured.ts";
import { OLD_NATS_SERVER } from "./server.ts";

const LEFT_OUT =
  OLD_NATS_SERVER === undefined
    ? "no nats-server 2.9 here: run scripts/nats-2.9.sh, and set FARCALL_NATS_OLD_SERVER"
    : undefined;

const app = (n: number) =>
  deployment(
    "old",
    `
export const add = app.function(async function add(x) { console.log("adding"); return x + ${n}; });
export const list = app.function(async function* list(to) { for (let i = 0; i < to; i++) yield i; });
export const never = app.function(function never() { return new Promise(() => {}); });
export const token = app.function(function token() { return process.env.TOKEN; });
`,
    { add: {}, list: { mode: "generator" }, never: {}, token: { options: { secrets: ["TOKEN"] } } },
    { secrets: { TOKEN: "s3cret" } },
  );

describe.skipIf(LEFT_OUT)(`nats-server 2.9${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let secured: Secured;
  let engine: Engine;
  let driver: Driver;
  beforeAll(async () => {
    secured = await Secured.start({ binary: OLD_NATS_SERVER });
    engine = secured.engine();
    driver = new Driver(engine, "old");
    await engine.deployer!.deploy(app(1));
  });
  afterAll(async () => {
    await engine.close();
    await secured[Symbol.asyncDispose]();
  });

  const values = (outcomes: { value?: unknown; index: number }[]) => outcomes.map(({ value }) => value);
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

  test("calls, maps, generators and secrets", patient, async () => {
    expect(await driver.remote("add", 1)).toBe(2);
    expect(await driver.remote("token")).toBe("s3cret");
    const inputs = numbers(2_000).map((n) => [n]);
    expect(values(await driver.map("add", inputs))).toEqual(numbers(2_000).map((n) => n + 1));
    const list = driver.call("list", [[3]], { method: "remoteGen" });
    list.handle.credit(10);
    expect((await list.outcomes).filter(({ end }) => !end).map(({ value }) => value)).toEqual([0, 1, 2]);
    const large = "x".repeat(5_000_000);
    expect(await driver.remote("add", large)).toBe(`${large}1`);
  });

  test("durable calls, keys, cancels, logs and what is known of calls", patient, async () => {
    const inputs = numbers(2_000).map((n) => [n]);
    const id = await driver.spawn("add", inputs);
    expect(values(await driver.get(id, 2_000))).toEqual(numbers(2_000).map((n) => n + 1));
    const key = { idempotencyKey: "once" };
    expect(await driver.spawn("add", [[1]], key)).toBe(await driver.spawn("add", [[1]], key));
    const never = await driver.spawn("never", [[]]);
    await engine.invoker.cancel(never);
    await expect(driver.get(never)).rejects.toMatchObject({ code: "FARCALL_CANCELLED" });
    expect((await engine.monitor!.calls({ app: "old" })).map((call) => call.id)).toContain(id);
    await expect
      .poll(async () => {
        for await (const { text } of engine.monitor!.logs({ app: "old" })) if (text.includes("adding")) return true;
        return false;
      }, patient)
      .toBe(true);
  });

  test("versions, roles and what doctor says", patient, async () => {
    expect(await engine.deployer!.deploy(app(2))).toMatchObject({ version: 2 });
    await expect.poll(() => driver.remote("add", 1), patient).toBe(3);
    expect(await engine.deployer!.rollback({ app: "old", environment: "main" })).toMatchObject({ version: 3 });
    await expect.poll(() => driver.remote("add", 1), patient).toBe(2);
    const caller = secured.engine("caller");
    await expect(caller.deployer!.deploy(app(4))).rejects.toMatchObject({
      message: expect.stringContaining("these credentials may not deploy apps"),
    });
    await caller.close();
    const { warnings } = await engine.status!();
    expect(warnings.join()).toContain("nats-server 2.9");
  });

  test("a durable call goes on after server and worker were killed", patient, async () => {
    const id = await driver.spawn(
      "add",
      numbers(200).map((n) => [n]),
    );
    await secured.interrupt();
    expect(values(await driver.get(id, 200))).toEqual(numbers(200).map((n) => n + 1));
  });
});
