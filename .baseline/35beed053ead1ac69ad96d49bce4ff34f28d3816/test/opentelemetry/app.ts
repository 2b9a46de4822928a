/** An app whose functions make spans of their own. */
import type { DeployRequest } from "../../src/engine/index.ts";
import { deployment } from "../engine/deployment.ts";

const quick = { maxRetries: 2, backoffCoefficient: 1, initialDelayMs: 1, maxDelayMs: 1 };

export function app(): DeployRequest {
  return deployment(
    "work",
    `
import { trace, propagation, context as active } from "@opentelemetry/api";
import { Function } from "farcall";
import { existsSync, writeFileSync } from "node:fs";
const tracer = trace.getTracer("the app's own");
const inside = (name) => tracer.startSpan(name).end();
export const greet = app.function(async function greet(name) {
  inside("before");
  await new Promise((r) => setTimeout(r, 5));
  inside("after");
  return [name, propagation.getBaggage(active.active())?.getEntry("tenant")?.value];
});
export const double = app.function(function double(n) { if (n === -1) throw new RangeError("negative"); return n * 2; });
export const outer = app.function(async function outer(n) { return Function.fromName("work", "double").remote(n); });
export const count = app.function(async function* count(n) {
  try { for (let i = 0; i < n; i++) { inside("turn " + i); yield i; await null; inside("turned " + i); } } finally { inside("left"); }
});
export const fail = app.function(async function fail(text) { throw new RangeError(text); });
export const flaky = app.function(function flaky(file) { if (!existsSync(file)) { writeFileSync(file, ""); throw new Error("once"); } return "done"; });
export const crash = app.function(function crash(file) { if (!existsSync(file)) { writeFileSync(file, ""); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); } return "done"; });
export const sleep = app.function(async function sleep(ms) { await new Promise((r) => setTimeout(r, ms)); });
export const page = app.web(async function page(request) {
  inside("page");
  const { pathname } = new URL(request.url);
  if (pathname.endsWith("/broken")) throw new RangeError("no page");
  return new Response(new ReadableStream({ async pull(stream) { inside("body"); stream.close(); } }));
});
export const together = app.function(async function together(numbers) {
  inside("together");
  await null;
  inside("afterwards");
  return numbers.map((n) => n + numbers.length);
}, { batch: { maxSize: 3, waitMs: 60_000 } });
export const tick = app.function(async function tick() { inside("tick"); });
export const Model = app.class(class Model { double(n) { inside("double"); return n * 2; } crash(file) { if (!existsSync(file)) { writeFileSync(file, ""); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); } return "done"; } });
export const late = app.function(function late() { return new Promise(() => {}); });
`,
    {
      greet: {},
      double: {},
      outer: {},
      count: { mode: "generator" },
      fail: {},
      flaky: { options: { retries: quick } },
      crash: {},
      sleep: { options: { maxContainers: 1 } },
      page: { mode: "web" },
      together: { options: { batch: { maxSize: 3, waitMs: 60_000 } } },
      tick: { options: { schedule: { kind: "every", everyMs: 1_000 } } },
      late: { options: { timeoutMs: 50 } },
      "Model.double": {},
      "Model.crash": {},
    },
    { classes: [{ name: "Model", constructors: [{ parameters: [] }], signature: "s" }] },
  );
}
