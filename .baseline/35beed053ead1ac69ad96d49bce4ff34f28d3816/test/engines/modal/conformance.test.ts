/** The conformance suite on the fake: its apps are declared in TypeScript, as Modal's containers would run them in Python. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { modalEngine } from "../../../src/engines/modal/index.ts";
import { conformance, type TestApp } from "../../engine/conformance/index.ts";
import { type ContainerCall, FakeModal, type FunctionOptions, fn, generator, PythonError } from "./fake/index.ts";

const scratch = mkdtempSync(join(tmpdir(), "fc-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function gate({ args: [file], signal }: ContainerCall): Promise<void> {
  while (!existsSync(String(file)) && !signal.aborted) await sleep(5);
}

function aborted({ signal }: ContainerCall): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

function bump(file: unknown): number {
  appendFileSync(String(file), "x");
  return readFileSync(String(file)).length;
}

/** What the suite's functions do. */
const bodies: Record<string, (call: ContainerCall) => unknown> = {
  add: ({ args: [a, b] }) => Number(a) + Number(b),
  fail: ({ args: [text] }) => {
    throw new PythonError("RangeError", String(text));
  },
  slow: async ({ args: [ms, value] }) => {
    await sleep(Number(ms));
    return value;
  },
  apart: async (call) => {
    await gate(call);
  },
  together: async (call) => {
    await gate(call);
    return "through";
  },
  count: function* ({ args: [n] }) {
    for (let i = 0; i < Number(n); i++) yield i;
  },
  guarded: async function* ({ args: [file], signal }) {
    try {
      for (let i = 0; !signal.aborted; i++) {
        yield i;
        await sleep(5);
      }
    } finally {
      writeFileSync(String(file), "cleaned");
    }
  },
  flaky: ({ args: [file, failures] }) => {
    const n = bump(file);
    if (n <= Number(failures)) throw new PythonError("Exception", `attempt ${n}`);
    return n;
  },
  never: async (call) => {
    await aborted(call);
    return "stopped";
  },
  identity: ({ args: [x] }) => x,
  say: ({ args: [text], print }) => print(String(text)),
  halve: ({ args: [n] }) => {
    if (Number(n) % 2) throw new PythonError("RangeError", "odd");
    return Number(n) / 2;
  },
  mark: ({ args: [file] }) => writeFileSync(String(file), ""),
};

function declare({ functions }: TestApp) {
  const entries = Object.entries(functions).filter(([name]) => !name.includes("."));
  return Object.fromEntries(
    entries.map(([name, { mode, options }]) => {
      const { maxRetries = 0, initialDelayMs = 0 } = options?.retries ?? {};
      const declared: FunctionOptions = {
        retries: { retries: maxRetries, initialDelayMs },
        maxContainers: options?.maxContainers ?? 4,
        // Inputs of the fake's containers cost a request each: those of a quick function go side by side.
        concurrency: options?.concurrency?.maxInputs ?? (name === "add" ? 50 : 1),
      };
      const run = bodies[name] ?? (() => null);
      return [name, mode === "generator" ? generator(run, declared) : fn(run, declared)];
    }),
  );
}

conformance("modal", {
  scratch: () => scratch,
  skip: {
    deploy: "`modal deploy` deploys",
    containers: "Modal's own service runs, times and scales containers; the fake only imitates it",
    limits: "Modal has its own: max_containers and input concurrency, and none by key or in time",
    classes: "a class on Modal takes its parameters by name, which calls.test.ts tests",
    interruption: "the suite breaks a server that loses its calls; Modal's keeps them, which faults.test.ts tests",
    expiry: "Modal keeps results for seven days, whoever asks",
    idempotency: "Modal's calls have no keys",
    delays: "Modal begins a call when it is spawned",
    progress: "Modal has no reports of progress",
    arguments: "Modal does not give back the arguments of a call",
    trace: "Modal's inputs have no place for trace context",
    backpressure: "a generator on Modal runs ahead of its reader",
    version: "a function's id on Modal runs the newest version, and user code cannot ask for its number",
    signature: "signatures are computed from what is deployed, which registry.test.ts tests",
    inputIndex: "Modal's logs have no index of an input, and its server does not name the method of a call",
    results: "Modal forgets the outputs of a call that its caller has read",
  },
  create: async () => {
    const fake = await FakeModal.start();
    Object.assign(process.env, fake.env);
    const engine = modalEngine("modal:");
    return {
      engine,
      another: () => modalEngine("modal:"),
      interrupt: () => fake.restart(),
      prepare: async (app) => {
        fake.deploy(app.name, declare(app), app.environment === undefined ? {} : { environment: app.environment });
      },
      async [Symbol.asyncDispose]() {
        await engine.close();
        await fake.stop();
      },
    };
  },
});
