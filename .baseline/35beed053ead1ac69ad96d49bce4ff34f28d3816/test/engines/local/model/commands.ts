/** What a user may do, in any order: each command does it to the real engine and says what the model expects of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import type { Engine } from "../../../../src/engine/index.ts";
import { hostStatus, stopHost } from "../../../../src/engines/local/index.ts";
import {
  CancelledError,
  type Client,
  callOptions,
  FunctionCall,
  InvalidError,
  Function as RemoteFunction,
  TimeoutError,
  withClient,
} from "../../../../src/runtime/index.ts";
import { deployment } from "../../../engine/deployment.ts";
import { CONDITION_MS } from "../../../support/limits.ts";
import { type CallModel, type Kind, Model } from "./model.ts";

export interface Real {
  url: string;
  /** For gates. */
  folder: string;
  /** Two programs' connections. */
  clients: readonly [Client, Client];
}

type Command = fc.AsyncCommand<Model, Real>;

/** Longer than anything takes: what has not come by then never will. */
const APP = "model";
const KINDS: readonly Kind[] = ["double", "fail", "wait"];

export async function deploy(real: Real, variant: number): Promise<{ version: number; changed: boolean }> {
  const engine = await real.clients[0].engine();
  const body = `
import { existsSync } from "node:fs";
const variant = ${variant};
const answer = (n) => n + " of version " + context().version;
export const double = app.function(async function double(n) { return answer(n * 2); });
export const fail = app.function(function fail(n) { throw new RangeError("no " + n); });
export const wait = app.function(async function wait(n, gate) {
  while (!existsSync(gate)) await new Promise((r) => setTimeout(r, 5));
  return answer(n);
});`;
  return engine.deployer!.deploy(deployment(APP, body, { double: {}, fail: {}, wait: {} }));
}

const fn = (real: Real, who: 0 | 1, kind: Kind) =>
  withClient(real.clients[who], RemoteFunction.fromName<[n: number, gate?: string], string>(APP, kind));

const read = (real: Real, who: 0 | 1, call: CallModel) =>
  FunctionCall.fromId<string>(call.id, { client: real.clients[who] });

function outcomeOf(error: unknown): string {
  if (error instanceof CancelledError) return "cancelled";
  if (error instanceof RangeError) return `RangeError: ${error.message}`;
  throw error;
}

function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} hangs`)), CONDITION_MS);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const see = async (what: string, promise: Promise<string>): Promise<string> => {
  try {
    return await within(what, promise);
  } catch (error) {
    return outcomeOf(error);
  }
};

/** A command from its text, what it needs, and what it does. */
function command(
  text: string,
  run: (model: Model, real: Real) => Promise<void>,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command {
  return { toString: () => text, check, run };
}

const ofCalls = (model: Readonly<Model>) => model.calls.length > 0;
const pick = fc.nat(20);
const who = fc.constantFrom<0 | 1>(0, 1);
const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 5 });
const key = fc.constantFrom("a", "b");

function made(model: Model, real: Real, id: string, kind: Kind, ns: readonly number[]): CallModel {
  const gate = gateOf(model, real);
  const call: CallModel = {
    id,
    kind,
    version: model.version,
    inputs: ns.map((n) => ({ n })),
    gate,
    open: kind !== "wait",
    cancelled: "no",
  };
  model.calls.push(call);
  return call;
}

/** The next call's. */
const gateOf = (model: Model, real: Real) => join(real.folder, `gate-${model.calls.length}`);

const argsOf = (kind: Kind, n: number, gate: string): [n: number, gate?: string] => (kind === "wait" ? [n, gate] : [n]);

export const commands: fc.Arbitrary<Command>[] = [
  fc.nat(3).map((variant) =>
    command(`deploy variant ${variant}`, async (model, real) => {
      const result = await within("deploy", deploy(real, variant));
      const changed = variant !== model.variant;
      if (changed) {
        model.version++;
        model.variant = variant;
        model.min = 0;
        model.max = 2;
      }
      expect(result).toMatchObject({ changed, version: model.version });
    }),
  ),

  fc.tuple(who, fc.constantFrom<Kind>("double", "fail"), fc.integer({ min: -9, max: 9 })).map(([by, kind, n]) =>
    command(`${kind}.remote(${n}) by ${by}`, async (model, real) => {
      const outcome = await see("remote", fn(real, by, kind).remote(n));
      expect(outcome).toBe(kind === "fail" ? `RangeError: no ${n}` : `${n * 2} of version ${model.version}`);
    }),
  ),

  fc.tuple(who, numbers, fc.boolean()).map(([by, ns, orderOutputs]) =>
    command(`double.map([${ns}], { orderOutputs: ${orderOutputs} }) by ${by}`, async (model, real) => {
      const results: string[] = [];
      const reading = async (): Promise<void> => {
        for await (const result of fn(real, by, "double").map(ns, { orderOutputs })) results.push(result);
      };
      await within("map", reading());
      const expected = ns.map((n) => `${n * 2} of version ${model.version}`);
      if (orderOutputs) expect(results).toEqual(expected);
      else expect(results.toSorted()).toEqual(expected.toSorted());
    }),
  ),

  fc.tuple(who, fc.constantFrom(...KINDS), numbers).map(([by, kind, ns]) =>
    command(`${kind}.spawnMap([${ns}]) by ${by}`, async (model, real) => {
      const gate = gateOf(model, real);
      const f = fn(real, by, kind);
      const call = await within(
        "spawn",
        ns.length === 1
          ? f.spawn(...argsOf(kind, ns[0]!, gate))
          : f.spawnMap(
              ns,
              ns.map(() => gate),
            ),
      );
      made(model, real, call.id, kind, ns);
    }),
  ),

  fc.tuple(who, fc.constantFrom<Kind>("double", "fail", "wait"), key, fc.nat(99)).map(([by, kind, idempotencyKey, n]) =>
    command(`${kind}.spawn(${n}) with key ${idempotencyKey} by ${by}`, async (model, real) => {
      const name = `${kind} ${idempotencyKey}`;
      const args = argsOf(kind, n, gateOf(model, real));
      const spawned = within("spawn with a key", fn(real, by, kind).spawn(...args, callOptions({ idempotencyKey })));
      const known = model.keys.get(name);
      if (known && model.keyed.get(name) !== String(args)) {
        await expect(spawned).rejects.toThrow(InvalidError);
        return;
      }
      const call = await spawned;
      if (known) expect(call.id).toBe(known.id);
      else {
        model.keys.set(name, made(model, real, call.id, kind, [n]));
        model.keyed.set(name, String(args));
      }
    }),
  ),

  fc.tuple(who, fc.constantFrom<Kind>("double", "fail"), key, fc.nat(99)).map(([by, kind, idempotencyKey, n]) =>
    command(`${kind}.remote(${n}) with key ${idempotencyKey} by ${by}`, async (model, real) => {
      const name = `${kind} ${idempotencyKey}`;
      let call = model.keys.get(name);
      const asked = fn(real, by, kind).remote(n, callOptions({ idempotencyKey }));
      if (call && model.keyed.get(name) !== String(argsOf(kind, n, ""))) {
        await expect(asked).rejects.toThrow(InvalidError);
        return;
      }
      const outcome = await see("remote with a key", asked);
      if (!call) {
        const engine: Engine = await real.clients[by].engine();
        const [newest] = await engine.monitor!.calls({ app: APP, function: kind, limit: 1 });
        call = made(model, real, newest!.id, kind, [n]);
        model.keys.set(name, call);
        model.keyed.set(name, String(argsOf(kind, n, "")));
      }
      model.see(call, 0, outcome);
    }),
  ),

  fc.tuple(who, pick, pick).map(([by, at, input]) =>
    command(
      `call ${at}: get({ index: ${input} }) by ${by}`,
      async (model, real) => {
        const call = model.call(at);
        const index = input % call.inputs.length;
        // It waits until the gate opens: whoever asks before does so with a limit.
        const timeoutMs = model.settles(call, index) ? undefined : 30;
        try {
          const outcome = await see("get", read(real, by, call).get({ index, timeoutMs }));
          model.see(call, index, outcome);
        } catch (error) {
          if (!(error instanceof TimeoutError) || timeoutMs === undefined) throw error;
        }
      },
      ofCalls,
    ),
  ),

  fc.tuple(who, pick, pick).map(([by, at, input]) =>
    command(
      `call ${at}: get({ index: ${input}, timeoutMs: 0 }) by ${by}`,
      async (model, real) => {
        const call = model.call(at);
        const index = input % call.inputs.length;
        try {
          const outcome = await see("poll", read(real, by, call).get({ index, timeoutMs: 0 }));
          model.see(call, index, outcome);
        } catch (error) {
          // Not yet: which is no answer for what was there before, nor for what was cancelled.
          if (!(error instanceof TimeoutError)) throw error;
          expect({ call: call.id, seen: call.inputs[index]!.seen, cancelled: call.cancelled }).toMatchObject({
            seen: undefined,
            cancelled: "no",
          });
        }
      },
      ofCalls,
    ),
  ),

  fc.tuple(who, pick, fc.nat(5), fc.nat(6)).map(([by, at, start, length]) =>
    command(
      `call ${at}: iter({ start: ${start}, end: ${start + length} }) by ${by}`,
      async (model, real) => {
        const call = model.call(at);
        const end = Math.min(start + length, call.inputs.length);
        let index = start;
        const whole = Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
        // It would wait for a gate.
        if (!whole.every((each) => model.settles(call, each))) return;
        const reading = async (): Promise<void> => {
          for await (const result of read(real, by, call).iter({ start, end: start + length })) {
            model.see(call, index++, result);
          }
        };
        try {
          await within("iter", reading());
          expect(index).toBe(Math.max(start, end));
        } catch (error) {
          const outcome = outcomeOf(error);
          if (index >= end) throw error;
          model.see(call, index, outcome);
        }
      },
      ofCalls,
    ),
  ),

  fc.tuple(who, pick).map(([by, at]) =>
    command(
      `call ${at}: numInputs() by ${by}`,
      async (model, real) => {
        const call = model.call(at);
        expect(await within("numInputs", read(real, by, call).numInputs())).toBe(call.inputs.length);
      },
      ofCalls,
    ),
  ),

  fc.tuple(who, pick, fc.boolean()).map(([by, at, terminateContainers]) =>
    command(
      `call ${at}: cancel({ terminateContainers: ${terminateContainers} }) by ${by}`,
      async (model, real) => {
        const call = model.call(at);
        await within("cancel", read(real, by, call).cancel({ terminateContainers }));
        model.cancel(call);
      },
      ofCalls,
    ),
  ),

  pick.map((at) =>
    command(
      `call ${at}: open its gate`,
      async (model) => {
        const call = model.call(at);
        writeFileSync(call.gate, "");
        call.open = true;
      },
      (model) => model.calls.some(({ kind, open }) => kind === "wait" && !open),
    ),
  ),

  fc.constantFrom<"SIGKILL" | "SIGTERM" | "stop" | "container">("SIGKILL", "SIGTERM", "stop", "container").map((how) =>
    command(`end the host or a container: ${how}`, async (_, real) => {
      const status = await hostStatus(real.url).catch(() => undefined);
      if (!status) return;
      const victim = how === "container" ? status.containers.at(-1)?.pid : status.pid;
      if (how === "stop") await within("stop", stopHost(real.url, { force: true }));
      else if (victim) {
        try {
          process.kill(victim, how === "container" ? "SIGKILL" : how);
        } catch {
          // It has gone by itself.
        }
      }
    }),
  ),

  fc
    .tuple(fc.constantFrom<Kind>("double", "wait"), fc.option(fc.nat(2)), fc.option(fc.integer({ min: 1, max: 3 })))
    .map(([kind, min, max]) =>
      command(`${kind}.updateAutoscaler({ minContainers: ${min}, maxContainers: ${max} })`, async (model, real) => {
        // One set of settings for both functions keeps the model small.
        const settings = {
          ...(min !== null && { minContainers: min }),
          ...(max !== null && { maxContainers: max }),
        };
        const wanted = { min: min ?? model.min, max: max ?? model.max };
        const update = () =>
          Promise.all([fn(real, 0, "double"), fn(real, 1, "wait")].map((f) => f.updateAutoscaler(settings)));
        if (wanted.min > wanted.max) await expect(within("update", update())).rejects.toThrow(InvalidError);
        else {
          await within("update", update());
          Object.assign(model, wanted);
        }
      }),
    ),

  fc.constantFrom<Kind>("double", "wait").map((kind) =>
    command(`${kind}.getCurrentStats()`, async (model, real) => {
      const stats = await within("stats", fn(real, 0, kind).getCurrentStats());
      for (const count of Object.values(stats)) expect(count).toBeGreaterThanOrEqual(0);
      const open = model.calls
        .filter((call) => call.kind === kind)
        .flatMap(({ inputs }) => inputs.filter(({ seen }) => seen === undefined));
      // Of inputs that nobody has seen the end of, some may have ended; no others can wait or run.
      expect(stats.backlog).toBeLessThanOrEqual(open.length);
    }),
  ),
];

/** At the end all gates open, and every input of every call gives what it may, from both connections, twice. */
export async function settleAll(model: Model, real: Real): Promise<void> {
  for (const call of model.calls) {
    writeFileSync(call.gate, "");
    call.open = true;
  }
  for (const call of model.calls) {
    for (const [index] of call.inputs.entries()) {
      for (const by of [0, 1] as const) {
        model.see(call, index, await see("the last get", read(real, by, call).get({ index })));
      }
    }
  }
}

export { Model };
