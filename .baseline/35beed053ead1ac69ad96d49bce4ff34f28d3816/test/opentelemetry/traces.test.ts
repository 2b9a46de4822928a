/** Spans of the caller, the host and the container: three processes, each with the real SDK, and a collector. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { patient } from "../support/limits.ts";
import { app } from "./app.ts";
import { type CollectedSpan, type Collector, collector, type Program, program } from "./collector.ts";

let home: TemporaryHome;
let collected: Collector;
let shop: Program;
let file = 0;

beforeAll(async () => {
  home = await temporaryHome();
  collected = await collector();
  shop = await program(env(), collected.instrumentation);
  const request = join(collected.folder, "deploy.json");
  writeFileSync(request, JSON.stringify(app()));
  await shop.does(`
    const { readFileSync } = await import("node:fs");
    const engine = await openEngine("local:");
    await engine.deployer.deploy(JSON.parse(readFileSync(${JSON.stringify(request)}, "utf8")));
    await engine.close();`);
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  await collected[Symbol.asyncDispose]();
});

const env = () => ({ ...home.env, ...collected.env });
const caller = (body: string) => shop.does(body);
const path = () => join(collected.folder, `file-${++file}`);

/** Waits until the trace of the call has `count` spans, the one without a parent first, then in the order in which they began. */
async function traceOf(callId: string, count: number): Promise<CollectedSpan[]> {
  const inTrace = () => {
    const root = collected.spans.find(
      ({ attributes, kind }) => attributes["farcall.call.id"] === callId && (kind === "CLIENT" || kind === "PRODUCER"),
    );
    return collected.spans.filter(({ traceId }) => traceId === root?.traceId);
  };
  await expect
    .poll(
      () =>
        inTrace()
          .map(({ name }) => name)
          .sort(),
      patient,
    )
    .toHaveLength(count);
  // The host's clock has milliseconds: what it begins with the call may seem to begin before.
  const beginning = ({ parentSpanId, startNs }: CollectedSpan) => (parentSpanId === "" ? 0 : Number(startNs));
  return inTrace().sort((a, b) => beginning(a) - beginning(b));
}

const callsOf = (name: string) =>
  collected.spans
    .filter(({ name: given }) => given === name)
    .map(({ attributes }) => String(attributes["farcall.call.id"]));

async function lastCall(name: string): Promise<string> {
  await expect.poll(() => callsOf(name).length, patient).toBeGreaterThan(0);
  return callsOf(name).at(-1)!;
}

/** `parent > child`, by names. */
function edges(spans: readonly CollectedSpan[]): string[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans.map(({ parentSpanId, name }) => `${names.get(parentSpanId) ?? ""} > ${name}`).sort();
}

test("a remote call is one trace through caller, host and container, and the function's own spans are in it", async () => {
  await caller('await work("greet").remote("Ada");');
  const spans = await traceOf(await lastCall("work/greet remote"), 5);
  expect(edges(spans)).toEqual([
    " > work/greet remote",
    "work/greet remote > work/greet queue",
    "work/greet remote > work/greet run",
    "work/greet run > after",
    "work/greet run > before",
  ]);
  const [remote] = spans;
  const run = spans.find(({ name }) => name === "work/greet run")!;
  expect(spans.map(({ name, service, kind }) => `${name}: ${service} ${kind}`)).toEqual(
    expect.arrayContaining([
      "work/greet remote: shop CLIENT",
      "work/greet queue: farcall-host INTERNAL",
      "work/greet run: work SERVER",
    ]),
  );
  expect(remote!.attributes).toMatchObject({ "rpc.system": "farcall", "rpc.service": "work", "rpc.method": "greet" });
  expect(run.attributes).toMatchObject({
    "rpc.service": "work",
    "rpc.method": "greet",
    "farcall.call.id": remote!.attributes["farcall.call.id"],
    "farcall.input.index": 0,
    "farcall.attempt": 0,
    "farcall.app.version": 1,
    "farcall.environment": "main",
  });
  expect(run.startNs >= remote!.startNs && run.endNs <= remote!.endNs).toBe(true);
});

test("the caller's own span is the parent, and baggage reaches the function", async () => {
  const output = await caller(`
    return trace.getTracer("shop").startActiveSpan("checkout", async (span) => {
      const baggage = propagation.createBaggage({ tenant: { value: "acme" } });
      return context.with(propagation.setBaggage(context.active(), baggage), () => work("greet").remote("Ada")).finally(() => span.end());
    });`);
  expect(output).toEqual(["Ada", "acme"]);
  const spans = await traceOf(await lastCall("work/greet remote"), 6);
  expect(edges(spans)).toContain("checkout > work/greet remote");
});

test("a function that calls another goes on with the same trace", async () => {
  await caller('await work("outer").remote(2);');
  const spans = await traceOf(await lastCall("work/outer remote"), 6);
  expect(edges(spans)).toEqual(
    expect.arrayContaining(["work/outer run > work/double remote", "work/double remote > work/double run"]),
  );
});

test("a generator's code runs in the context of its span, also after each yield and in its finally", async () => {
  await caller('for await (const n of generator("count").remoteGen(2)) void n;');
  const spans = await traceOf(await lastCall("work/count remoteGen"), 8);
  expect(edges(spans).filter((edge) => edge.startsWith("work/count run >"))).toEqual(
    ["left", "turn 0", "turn 1", "turned 0", "turned 1"].map((name) => `work/count run > ${name}`),
  );
});

test("what the function throws is recorded where it was thrown and where it arrives", async () => {
  await caller('await work("fail").remote("too far").catch(() => {});');
  const spans = await traceOf(await lastCall("work/fail remote"), 3);
  for (const name of ["work/fail remote", "work/fail run"]) {
    const span = spans.find((each) => each.name === name)!;
    expect(span.attributes["error.type"]).toBe("RangeError");
    expect(span.status).toMatchObject({ code: 2, message: "too far" });
    expect(span.events[0]).toMatchObject({
      name: "exception",
      attributes: { "exception.type": "RangeError", "exception.message": "too far" },
    });
  }
});

test("each attempt has a span of its own, also one whose container died or ran out of time", async () => {
  await caller(`await work("flaky").remote(${JSON.stringify(path())});`);
  const flaky = (await traceOf(await lastCall("work/flaky remote"), 5)).filter(({ name }) => name.endsWith(" run"));
  expect(flaky.map(({ attributes }) => [attributes["farcall.attempt"], attributes["error.type"]])).toEqual([
    [0, "Error"],
    [1, undefined],
  ]);
  await caller(`await work("crash").remote(${JSON.stringify(path())});`);
  const crash = (await traceOf(await lastCall("work/crash remote"), 5)).filter(({ name }) => name.endsWith(" run"));
  expect(crash.map(({ service, attributes }) => [service, attributes["error.type"]])).toEqual([
    ["farcall-host", "crashed"],
    ["work", undefined],
  ]);
  await caller('await work("late").remote().catch(() => {});');
  const [remote] = await traceOf(await lastCall("work/late remote"), 3);
  expect(remote?.attributes["error.type"]).toBe("FARCALL_FUNCTION_TIMEOUT");
});

test("spawn is a producer, its run a consumer of the same trace, also when the host was killed in between", async () => {
  const id = await caller(`
    const call = await work("greet").spawn("Ada");
    await call.get();
    return call.id;`);
  expect((await traceOf(String(id), 5)).map(({ name, kind }) => `${name} ${kind}`)).toEqual(
    expect.arrayContaining(["work/greet spawn PRODUCER", "work/greet run CONSUMER"]),
  );
  const later = await caller(`
    // Takes the function's only container, so that the next has to wait.
    await work("sleep").spawn(60_000);
    const call = await work("sleep").spawn(1);
    const engine = await openEngine("local:");
    await pause(300);
    const { hostStatus } = await import(${JSON.stringify(join(import.meta.dirname, "../../src/engines/local/index.ts"))});
    for (const { id } of await engine.monitor.calls({ function: "sleep" })) if (id !== call.id) await engine.invoker.cancel(id);
    process.kill((await hostStatus(engine.url)).pid, "SIGKILL");
    await call.get();
    await engine.close();
    return call.id;`);
  const spans = await traceOf(String(later), 3);
  expect(edges(spans)).toContain("work/sleep spawn > work/sleep run");
});

test("a map is one span however many inputs it has; runs beyond the first hundred have traces of their own that link to it", async () => {
  await caller(`
    let sum = 0;
    for await (const n of work("double").map(Array.from({ length: 150 }, (_, n) => n))) sum += n;`);
  const id = await lastCall("work/double map");
  const runs = () =>
    collected.spans.filter(
      ({ name, attributes }) => name === "work/double run" && attributes["farcall.call.id"] === id,
    );
  await expect.poll(() => runs().length, patient).toBe(150);
  const maps = collected.spans.filter(({ name }) => name === "work/double map");
  expect(maps.map(({ attributes }) => attributes["farcall.inputs"])).toEqual([150]);
  const linked = runs().filter(({ traceId }) => traceId !== maps[0]?.traceId);
  expect(linked).toHaveLength(50);
  expect(linked.every(({ links, parentSpanId }) => links[0]?.spanId === maps[0]?.spanId && parentSpanId === "")).toBe(
    true,
  );
  expect(new Set(linked.map(({ traceId }) => traceId)).size).toBe(50);
});

test("a request of a web function goes on with the trace of whoever sends it, to the function's own spans", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const url = String(await caller("return work('page').getWebUrl();"));
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  expect((await fetch(url, { headers })).status).toBe(200);
  const inTrace = () => collected.spans.filter((span) => span.traceId === traceId);
  await expect.poll(() => edges(inTrace()), patient).toContain("work/page run > body");
  expect(edges(inTrace())).toEqual(expect.arrayContaining([" > work/page run", "work/page run > page"]));
  const run = inTrace().find(({ name }) => name === "work/page run");
  expect(run).toMatchObject({ kind: "SERVER", parentSpanId: "b7ad6b7169203331" });

  expect(
    (await fetch(`${url}/broken`, { headers: { traceparent: headers.traceparent.replace(/b7/, "c7") } })).status,
  ).toBe(500);
  const broken = () =>
    collected.spans.find(({ name, parentSpanId }) => name === "work/page run" && parentSpanId === "c7ad6b7169203331");
  await expect.poll(broken, patient).toBeDefined();
  expect(broken()).toMatchObject({ status: { code: 2 }, attributes: { "error.type": "RangeError" } });
});

test("each input of a batch has a run in its own caller's trace, and the function works in that of the first", async () => {
  await caller("return Promise.all([1, 2, 3].map((n) => work('together').remote(n)));");
  await expect.poll(() => callsOf("work/together run").length, patient).toBe(3);
  const runs = collected.spans.filter(({ name }) => name === "work/together run");
  expect(new Set(runs.map(({ traceId }) => traceId)).size).toBe(3);
  for (const name of ["together", "afterwards"]) {
    await expect.poll(() => collected.spans.filter((span) => span.name === name).length, patient).toBe(1);
    const [own] = collected.spans.filter((span) => span.name === name);
    expect(runs.map(({ spanId }) => spanId)).toContain(own?.parentSpanId);
  }
});

test("a scheduled run is a consumer in a trace of its own", async () => {
  await expect.poll(() => callsOf("work/tick run").length, patient).toBeGreaterThan(1);
  const runs = collected.spans.filter(({ name }) => name === "work/tick run");
  expect(new Set(runs.map(({ traceId }) => traceId)).size).toBe(runs.length);
  expect(runs.every(({ kind, service }) => kind === "CONSUMER" && service === "work")).toBe(true);
  await expect.poll(() => edges(collected.spans), patient).toContain("work/tick run > tick");
});

test("an SDK that the app starts itself sees the container's runs, in the trace of the caller", async () => {
  await using alone = await temporaryHome();
  const { FARCALL_OTEL: _, ...rest } = collected.env;
  const request = app();
  await using own = await program({ ...alone.env, ...rest }, collected.instrumentation);
  const file = path();
  const code = `import { NodeSDK } from "@opentelemetry/sdk-node";\nnew NodeSDK().start();\n${request.artifact.code}`;
  const greet = request.manifest.functions.find(({ name }) => name === "greet")!;
  greet.options.env = { ...rest, OTEL_SERVICE_NAME: "by itself" };
  request.artifact = { ...request.artifact, code, hash: createHash("sha256").update(code).digest("hex") };
  request.manifest.functions = [greet];
  writeFileSync(file, JSON.stringify(request));
  const id = await own.does(`
    const { readFileSync } = await import("node:fs");
    const engine = await openEngine("local:");
    await engine.deployer.deploy(JSON.parse(readFileSync(${JSON.stringify(file)}, "utf8")));
    await engine.close();
    return (await work("greet").remote("Ada"))[0];`);
  expect(id).toBe("Ada");
  const run = () => collected.spans.find(({ name, service }) => name === "work/greet run" && service === "by itself");
  await expect.poll(run, patient).toBeDefined();
  const trace = collected.spans.filter(({ traceId }) => traceId === run()?.traceId);
  expect(edges(trace)).toEqual([
    " > work/greet remote",
    "work/greet remote > work/greet run",
    "work/greet run > after",
    "work/greet run > before",
  ]);
});

test("a map says how many inputs failed, and is itself a failure only when it rejects", async () => {
  await caller(`for await (const n of work("double").map([1, -1, 2, -1], { returnExceptions: true })) void n;`);
  const [kept] = await traceOf(await lastCall("work/double map"), 9);
  expect(kept?.attributes).toMatchObject({ "farcall.inputs": 4, "farcall.inputs.failed": 2 });
  expect(kept?.status.code ?? 0).toBe(0);
  await caller(
    `for await (const n of work("double").map([-1])) void n;`.replace("for", "try { for").concat(" } catch {}"),
  );
  const [rejected] = await traceOf(await lastCall("work/double map"), 3);
  expect(rejected?.status.code).toBe(2);
  expect(rejected?.attributes["error.type"]).toBe("RangeError");
});

test("leaving the loop is not an error", async () => {
  await caller(`for await (const n of generator("count").remoteGen(1000)) if (n === 1) break;`);
  await expect.poll(() => callsOf("work/count remoteGen").length, patient).toBe(2);
  const span = collected.spans.filter(({ name }) => name === "work/count remoteGen").at(-1);
  expect(span?.attributes["farcall.cancelled"]).toBe(true);
  expect(span?.status.code ?? 0).toBe(0);
});

test("a sampler that drops the caller's trace drops it in host and container too", async () => {
  const before = collected.spans.length;
  {
    await using quiet = await program({ ...env(), OTEL_TRACES_SAMPLER: "always_off" }, collected.instrumentation);
    await quiet.does('await work("greet").remote("unsampled");');
  }
  await caller('await work("fail").remote("marker").catch(() => {});');
  await expect.poll(() => callsOf("work/fail run").length, patient).toBe(2);
  expect(collected.spans.slice(before).filter(({ attributes }) => attributes["rpc.method"] === "greet")).toEqual([]);
});

test("a method has the same name in the spans of caller, host and container, also when the container died", async () => {
  await caller('await new (Class.fromName("work", "Model"))().double.remote(2);');
  const double = await traceOf(await lastCall("work/Model.double remote"), 4);
  expect(edges(double)).toEqual([
    " > work/Model.double remote",
    "work/Model.double remote > work/Model.double queue",
    "work/Model.double remote > work/Model.double run",
    "work/Model.double run > double",
  ]);
  await caller(`await new (Class.fromName("work", "Model"))().crash.remote(${JSON.stringify(path())});`);
  const crash = await traceOf(await lastCall("work/Model.crash remote"), 5);
  expect(crash.filter(({ name }) => name === "work/Model.crash run").map(({ service }) => service)).toEqual([
    "farcall-host",
    "work",
  ]);
  const methods = () =>
    collected.metrics.get("farcall-host farcall.attempts")?.points.map(({ attributes }) => attributes["rpc.method"]);
  await expect.poll(methods, patient).toEqual(expect.arrayContaining(["Model.double", "Model.crash"]));
});

test("an operator's metrics have units, and say how inputs ended", async () => {
  const host = (name: string) => collected.metrics.get(`farcall-host farcall.${name}`);
  const value = (name: string, attributes: Record<string, unknown>) =>
    host(name)
      ?.points.filter((point) => Object.entries(attributes).every(([key, given]) => point.attributes[key] === given))
      .reduce((sum, point) => sum + point.value, 0) ?? 0;
  await caller(
    `await work("double").remote(1); await work("fail").remote("x").catch(() => {}); await work("flaky").remote(${JSON.stringify(path())});`,
  );
  await expect
    .poll(() => value("attempts", { "rpc.method": "double", "farcall.outcome": "result" }), patient)
    .toBeGreaterThan(0);
  await expect
    .poll(() => value("attempts", { "rpc.method": "fail", "farcall.outcome": "exception" }), patient)
    .toBeGreaterThan(0);
  await expect.poll(() => value("retries", { "rpc.method": "flaky" }), patient).toBeGreaterThan(0);
  await expect.poll(() => value("containers", { "rpc.method": "double" }), patient).toBeGreaterThan(0);
  const units = [...collected.metrics.values()]
    .filter(({ name }) => name.startsWith("farcall.") || name.startsWith("rpc."))
    .map(({ name, unit }) => `${name} ${unit}`);
  const page = readFileSync(join(import.meta.dirname, "../../docs/observability.md"), "utf8");
  expect(units.map((line) => line.split(" ")[0]!).filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  expect([...new Set(units)].sort()).toEqual([
    "farcall.attempts {attempt}",
    "farcall.calls {call}",
    "farcall.container.start.duration s",
    "farcall.containers {container}",
    "farcall.inputs.running {input}",
    "farcall.inputs.waiting {input}",
    "farcall.payload.size By",
    "farcall.queue.duration s",
    "farcall.retries {attempt}",
    "farcall.run.duration s",
    "rpc.client.call.duration s",
  ]);
});
