/** What users of each role can do on a real server, and what it refuses them, one by one. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../../src/engine/index.ts";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { initializeNats, listWorkers, ROLES, type Role } from "../../../src/engines/nats/index.ts";
import type { Link } from "../../../src/engines/nats/link.ts";
import { covers, permissionsOf } from "../../../src/engines/nats/roles.ts";
import { runWorker } from "../../../src/engines/nats/worker/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { Secured, type User } from "./secured.ts";
import { LEFT_OUT } from "./server.ts";

const app = deployment(
  "roles",
  `
export const double = app.function(async function double(n) { console.log("doubling"); context.reportProgress?.(1); return 2 * n; });
export const secret = app.function(async function secret() { return process.env.TOKEN; });
export const list = app.function(async function* list(n) { for (let i = 0; i < n; i++) yield i; });
export const never = app.function(function never() { return new Promise(() => {}); });
`,
  { double: {}, secret: { options: { secrets: ["TOKEN"] } }, list: { mode: "generator" }, never: {} },
  { secrets: { TOKEN: "s3cret" } },
);

/** What a user tries by hand; `sub` with the queue group after a space. */
type Attempt = `pub ${string}` | `sub ${string}`;

const FORBIDDEN: Record<Role, Attempt[]> = {
  producer: [
    ...(["pub fc1.u.main.roles.double.1.-", "pub fc1.b.main.roles.double.1.-", "pub fc1.w.someone.s.x"] as const),
    ...(["pub fc1.call.fc-1.accepted", "pub fc1.call.fc-1.cancelled", "pub fc1.call.fc-1.ended"] as const),
    ...([
      "pub fc1.in.fc-1.n",
      "pub fc1.out.fc-1.n",
      "pub $KV.fc_keys.hash",
      "pub fc1.log.main.roles.double.x",
    ] as const),
    ...([
      "pub $JS.API.DIRECT.GET.FC_OUT",
      "pub $JS.API.STREAM.MSG.GET.FC_OUT",
      "pub $JS.API.DIRECT.GET.FC_IN",
    ] as const),
    ...(["pub $JS.API.DIRECT.GET.FC_LOGS", "pub $JS.API.DIRECT.GET.FC_CALLS.fc1.call.fc-1.accepted"] as const),
    ...(["pub $JS.API.CONSUMER.MSG.NEXT.FC_CALLS.home", "pub $JS.ACK.FC_CALLS.home.1.1.1.1.0"] as const),
    ...(["pub fc1.ask.autoscale", "pub fc1.ask.source", "pub fc1.a.someone.x", "pub fc1.hb"] as const),
    ...(["sub fc1.w.>", "sub fc1.u.> w", "sub fc1.p.> s", "sub fc1.out.>", "sub fc1.call.>", "sub fc1.log.>"] as const),
  ],
  caller: [
    ...(["pub $KV.fc_apps.main.roles", "pub fc1.obj.hash.0", "pub $KV.fc_scale.main.roles"] as const),
    ...(["pub fc1.n.deployed", "pub fc1.n.scaled", "pub $JS.API.STREAM.PURGE.FC_OBJECTS"] as const),
    ...(["pub fc1.out.fc-1.n", "pub fc1.call.fc-1.ended", "pub fc1.hb", "pub fc1.s.someone.x.w.y"] as const),
    ...(["pub fc1.log.main.roles.double.x", "pub fc1.progress.fc-1"] as const),
    ...(["pub $JS.API.CONSUMER.MSG.NEXT.FC_CALLS.home", "pub $JS.API.CONSUMER.CREATE.FC_OUT.mine.fc1.out.>"] as const),
    ...([
      "pub $JS.API.STREAM.PURGE.FC_IN",
      "pub $JS.API.STREAM.PURGE.FC_OUT",
      "pub $JS.API.STREAM.PURGE.KV_fc_keys",
    ] as const),
    // A queue that workers wait at, others' inboxes, and everybody's pulls.
    ...(["sub fc1.u.> w", "sub fc1.w.>", "sub fc1.s.>", "sub fc1.p.>", "sub fc1.ask.workers", "sub fc1.b.>"] as const),
    ...(["sub $KV.fc_apps.>", "sub fc1.in.>"] as const),
  ],
  worker: [
    ...(["pub $KV.fc_apps.main.roles", "pub fc1.obj.hash.0", "pub fc1.n.deployed"] as const),
    ...(["pub $JS.API.STREAM.PURGE.FC_OBJECTS", "pub $JS.API.STREAM.PURGE.KV_fc_apps"] as const),
    ...(["pub $JS.API.CONSUMER.CREATE.FC_OUT.mine.fc1.out.>", "pub $JS.API.CONSUMER.DELETE.FC_CALLS.home"] as const),
    ...(["sub fc1.s.>", "sub fc1.u.>", "sub fc1.in.>"] as const),
  ],
  operator: [
    ...([
      "pub $KV.fc_apps.main.roles",
      "pub fc1.obj.hash.0",
      "pub fc1.n.deployed",
      "pub $KV.fc_scale.main.roles",
    ] as const),
    ...(["pub fc1.u.main.roles.double.1.-", "pub fc1.call.fc-1.accepted", "pub fc1.in.fc-1.n"] as const),
    ...([
      "pub fc1.out.fc-1.n",
      "pub fc1.call.fc-1.ended",
      "pub fc1.call.fc-1.cancelled",
      "pub fc1.ask.autoscale",
    ] as const),
    ...([
      "pub $JS.API.DIRECT.GET.FC_OUT",
      "pub $JS.API.DIRECT.GET.FC_IN",
      "pub $JS.API.STREAM.MSG.GET.FC_CALLS",
    ] as const),
    ...(["pub $JS.API.DIRECT.GET.FC_LOGS", "pub $JS.API.CONSUMER.MSG.NEXT.FC_CALLS.home"] as const),
    ...(["pub $JS.API.STREAM.PURGE.FC_OUT", "pub $JS.API.STREAM.MSG.DELETE.FC_OUT"] as const),
    ...(["sub fc1.w.>", "sub fc1.u.> w", "sub fc1.out.>", "sub fc1.log.>"] as const),
  ],
};

/** What no role may do. */
const FORBIDDEN_ALL: Attempt[] = [
  ...([
    "pub $JS.API.STREAM.DELETE.FC_CALLS",
    "pub $JS.API.STREAM.DELETE.KV_fc_apps",
    "pub $JS.API.STREAM.CREATE.MINE",
  ] as const),
  ...(["pub $JS.API.CONSUMER.CREATE.FC_IN", "pub $JS.API.STREAM.SNAPSHOT.FC_OUT", "pub $JS.API.STREAM.NAMES"] as const),
  ...(["pub _INBOX.someone.x", "sub _INBOX.>", "sub fc1.a.>", "sub >", "pub anything", "sub $SYS.>"] as const),
];

describe.skipIf(LEFT_OUT)(`roles${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let secured: Secured;
  const engines: Engine[] = [];
  const engine = (user: User): Engine => {
    const opened = secured.engine(user);
    engines.push(opened);
    return opened;
  };
  const connection = (user: User) => new Connection(parseAddress(secured.server.url), "test", secured.env(user));

  beforeAll(async () => {
    secured = await Secured.start();
    await engine("producer").deployer!.deploy(app);
  });
  afterAll(async () => {
    for (const each of engines) await each.close();
    await secured[Symbol.asyncDispose]();
  });

  describe.each(ROLES)("a %s", (role) => {
    let opened: Connection;
    beforeAll(() => {
      opened = connection(role);
    });
    afterAll(() => opened.close());

    test.each([...FORBIDDEN[role], ...FORBIDDEN_ALL])("may not %s", patient, async (attempt) => {
      expect(await refused(await opened.link(), attempt)).toContain(attempt.split(" ")[1]);
    });

    test("listens where answers to it come, and not where those of another of its role do", () => {
      const own = permissionsOf([role], "UME").subscribe;
      expect(own.some((subject) => covers(subject, "_INBOX.UME.x"))).toBe(true);
      expect(own.some((subject) => covers(subject, "_INBOX.UYOU.x"))).toBe(false);
      expect(own.some((subject) => covers(subject, "fc1.a.UYOU.x"))).toBe(false);
      expect(own.some((subject) => covers(subject, "fc1.s.UYOU.x.w.y"))).toBe(false);
    });
  });

  test("a producer deploys, rolls back, removes and reads what is deployed", patient, async () => {
    const { deployer, registry } = engine("producer");
    const one = deployment("short", "export const f = app.function(function f() { return 1; });", { f: {} });
    const two = deployment("short", "export const f = app.function(function f() { return 2; });", { f: {} });
    expect(await deployer!.deploy(one)).toMatchObject({ version: 1, changed: true });
    expect(await deployer!.deploy(two)).toMatchObject({ version: 2, changed: true });
    expect(await deployer!.deploy(two)).toMatchObject({ version: 2, changed: false });
    expect(await deployer!.rollback({ app: "short", environment: "main" })).toMatchObject({ version: 3 });
    expect((await registry.history({ app: "short", environment: "main" })).map(({ version }) => version)).toEqual([
      3, 2, 1,
    ]);
    expect((await registry.listApps()).map(({ app: name }) => name)).toContain("short");
    await deployer!.remove({ app: "short", environment: "main" });
    expect((await registry.listApps()).map(({ app: name }) => name)).not.toContain("short");
  });

  test("a caller calls, makes durable calls, and sees what comes of them", patient, async () => {
    const opened = engine("caller");
    const driver = new Driver(opened, "roles");
    expect(await driver.remote("double", 4)).toBe(8);
    expect(await driver.remote("secret")).toBe("s3cret");
    const { outcomes } = driver.call("double", [[1], [2], [3]], { method: "map" });
    expect((await outcomes).map(({ value }) => value).sort()).toEqual([2, 4, 6]);
    const list = driver.call("list", [[3]], { method: "remoteGen" });
    list.handle.credit(10);
    const items = await list.outcomes;
    expect(items.filter(({ end }) => !end).map(({ value }) => value)).toEqual([0, 1, 2]);
    const id = await driver.spawn("double", [[5], [6]]);
    expect((await driver.get(id, 2)).map(({ value }) => value).sort()).toEqual([10, 12]);
    expect(await opened.invoker.call(id)).toMatchObject({ numEnded: 2 });
    expect(await opened.monitor!.inputs(id, {})).toHaveLength(2);
    const never = await driver.spawn("never", [[]]);
    await opened.invoker.cancel(never);
    await expect(driver.get(never)).rejects.toMatchObject({ code: "FARCALL_CANCELLED" });
    expect((await opened.monitor!.calls({ app: "roles" })).map((call) => call.id)).toContain(id);
    expect(await opened.invoker.stats(driver.ref("double"))).toMatchObject({ numTotalRunners: expect.any(Number) });
    await opened.invoker.updateAutoscaler(driver.ref("double"), { maxContainers: 3 });
    await expect
      .poll(async () => {
        for await (const { text } of opened.monitor!.logs({ app: "roles" })) if (text.includes("doubling")) return true;
        return false;
      }, patient)
      .toBe(true);
  });

  test("a caller answers what another asks about its calls, and lets it cancel them", patient, async () => {
    const mine = new Driver(engine("caller"), "roles");
    const never = mine.call("never", [[]], { method: "remote" });
    const outcome = never.outcomes.then(
      () => "ended",
      (error: { code: string }) => error.code,
    );
    const other = engine("another caller");
    const find = async () =>
      (await other.monitor!.calls({ app: "roles" })).find(
        (call) => call.function === "never" && call.method === "remote",
      );
    await expect.poll(find, patient).toBeDefined();
    await other.invoker.cancel((await find())!.id);
    expect(await outcome).toBe("FARCALL_CANCELLED");
  });

  test("an operator sets up, again, and sees servers and workers", patient, async () => {
    const env = secured.env("operator");
    const steps = await initializeNats(secured.server.url, { replicas: 1 }, env);
    expect(new Set(steps.map(({ action }) => action))).toEqual(new Set(["keep"]));
    expect(await listWorkers(secured.server.url, env)).toMatchObject([{ pid: secured.workers[0]!.pid }]);
    const opened = engine("operator");
    expect((await opened.registry.listApps()).map(({ app: name }) => name)).toContain("roles");
    expect((await opened.status!()).facts).toContainEqual({ name: "workers", value: "1" });
  });

  describe("what is refused is told at once, with the role that it takes", () => {
    const denial = (what: string, role: string) => ({
      code: "FARCALL_ENGINE_UNAVAILABLE",
      message: expect.stringContaining(`these credentials may not ${what}: `),
      hint: expect.stringContaining(`It takes the role ${role}. FARCALL_NATS_CREDS names the file`),
    });

    test("deploying as a caller", patient, async () => {
      await expect(engine("caller").deployer!.deploy(deployment("other", "", {}))).rejects.toMatchObject(
        denial("deploy apps", "producer"),
      );
      await expect(engine("caller").deployer!.remove({ app: "roles", environment: "main" })).rejects.toMatchObject(
        denial("deploy apps", "producer"),
      );
    });

    test("calling as a producer", patient, async () => {
      const driver = new Driver(engine("producer"), "roles");
      await expect(driver.remote("double", 4)).rejects.toMatchObject(denial("call functions", "caller or worker"));
      await expect(driver.spawn("double", [[1]])).rejects.toMatchObject(
        denial("make durable calls", "caller or worker"),
      );
      await expect(driver.get("fc-1", 1)).rejects.toMatchObject(
        denial("read calls and their results", "caller or worker"),
      );
    });

    test("looking into calls as a producer", patient, async () => {
      const opened = engine("producer");
      await expect(opened.monitor!.calls({})).rejects.toMatchObject(
        denial("read calls and their results", "caller or worker"),
      );
      await expect(opened.monitor!.logs({})[Symbol.asyncIterator]().next()).rejects.toMatchObject(
        denial("read logs", "caller"),
      );
      const ref = new Driver(opened, "roles").ref("double");
      await expect(opened.invoker.stats(ref)).rejects.toMatchObject(
        denial("ask about calls and cancel them", "caller"),
      );
    });

    test("setting servers up as a caller", patient, async () => {
      await expect(initializeNats(secured.server.url, { replicas: 1 }, secured.env("caller"))).rejects.toMatchObject(
        denial("set the servers up", "operator"),
      );
    });

    test.each(["caller", "producer", "operator"] as const)("a worker as a %s", patient, async (user) => {
      const env = secured.env(user);
      const started = runWorker({ url: secured.server.url, folder: `${secured.credentials(user)}.d`, log() {}, env });
      await expect(started).rejects.toMatchObject(denial("run functions", "worker"));
    });
  });

  test("containers call with the caller's credentials that their worker was given", patient, async () => {
    const nested = deployment(
      "nested",
      `export const whoami = app.function(async function whoami() {
         return (await import("node:fs")).readFileSync(process.env.FARCALL_NATS_CREDS, "utf8").trim();
       });`,
      { whoami: {} },
    );
    await engine("producer").deployer!.deploy(nested);
    const seed = await new Driver(engine("caller"), "nested").remote("whoami");
    expect(seed).toBe(readFileSync(secured.credentials("another caller"), "utf8").trim());
  });
});

/** What the server says when it refuses; rejects when it does not. */
async function refused({ nc }: Link, attempt: Attempt): Promise<string> {
  const [operation, subject = "", queue] = attempt.split(" ");
  const { promise, resolve } = Promise.withResolvers<string>();
  void (async () => {
    for await (const status of nc.status()) if (status.type === "error") return resolve(status.error.message);
  })();
  if (operation === "pub") nc.publish(subject);
  else nc.subscribe(subject, { callback() {}, ...(queue !== undefined && { queue }) });
  // What the server refuses it says before it answers.
  await nc.flush();
  return Promise.race([
    promise,
    new Promise<string>((_, reject) => setTimeout(reject, 1_000, new Error("it was allowed"))),
  ]);
}
