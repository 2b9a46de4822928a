/**
 * Dispatch against a model: calls that put inputs, containers that begin, end, give back and die, in any order. Containers
 * here keep inputs in a list, as a process would; all else is the pool's own code.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Failure } from "../../src/engine/index.ts";
import { type Call, type CallPool, Input } from "../../src/pool/call.ts";
import { CallInPool } from "../../src/pool/call-in-pool.ts";
import { blameFor } from "../../src/pool/crashes.ts";
import { Dispatch, type DispatchContainer } from "../../src/pool/dispatch.ts";
import { InputList } from "../../src/pool/input-list.ts";
import { MAX_AHEAD } from "../../src/pool/pace.ts";
import { Quota } from "../../src/pool/quota.ts";
import { encodeArguments } from "../../src/runtime/index.ts";
import { deployment } from "../engine/deployment.ts";

const { manifest } = deployment("model", "", { run: {} });
const fn = {
  version: {
    app: "model",
    environment: "main",
    version: 1,
    manifest,
    artifact: "",
    manifestFile: "",
    root: "",
    secrets: {},
  },
  schema: manifest.functions[0]!,
};

class ModelCall implements Call {
  readonly id: string;
  readonly method = "map";
  readonly trace = undefined;
  readonly fn = fn;
  readonly pool: CallPool;
  readonly inPool = new CallInPool();
  readonly granted = 0;
  readonly patientSince: number | undefined;
  readonly caller: object;
  readonly waiters = [];
  readonly number: number;
  over = false;
  blocked = false;
  put = 0;
  /** Of its inputs, in turn. */
  keys: readonly string[] = [""];
  readonly #queue: Input[] = [];

  constructor(number: number, { caller, patientSince }: { caller?: object; patientSince?: number } = {}) {
    this.number = number;
    this.caller = caller ?? this;
    this.patientSince = patientSince;
    this.id = `fc-${number}`;
    // Dispatch asks no call for its pool.
    this.pool = undefined as unknown as CallPool;
  }

  add(count: number): void {
    for (let i = 0; i < count; i++) {
      const key = this.keys[this.put % this.keys.length]!;
      this.#queue.push(new Input(this, this.put++, encodeArguments([key])));
    }
  }

  get waiting(): number {
    return this.#queue.length;
  }

  isBlocked(): boolean {
    return this.blocked;
  }

  take(): Input | undefined {
    return this.#queue.shift();
  }

  clear(): number {
    return this.#queue.splice(0).length;
  }

  yielded(): void {}
  progressed(): void {}
  outcome(): void {}
  failed(_input: Input, _failure: Failure): void {}
}

class ModelContainer implements DispatchContainer {
  state = "ready";
  batches = 0;
  recalled = false;
  readonly list: InputList;
  readonly maxInputs: number;
  readonly log: (inputs: readonly Input[]) => void;
  readonly batchSizes: number[] = [];

  constructor(maxInputs: number, log: (inputs: readonly Input[]) => void) {
    this.maxInputs = maxInputs;
    this.log = log;
    this.list = new InputList(this, maxInputs);
  }

  get inputs(): number {
    return this.list.length;
  }

  get blockedSince(): number | undefined {
    return this.list.blockedSince;
  }

  [Symbol.iterator](): Iterator<Input> {
    return this.list[Symbol.iterator]();
  }

  dispatch(input: Input): void {
    this.log([input]);
    if (this.list.add(input)) this.list.begin(input, performance.now());
  }

  dispatchTogether(inputs: readonly Input[]): void {
    this.log(inputs);
    this.batches++;
    this.batchSizes.push(inputs.length);
    for (const input of inputs) if (this.list.add(input)) this.list.begin(input, performance.now());
  }

  recall(): void {
    this.recalled = true;
  }

  remove(input: Input): void {
    const next = this.list.remove(input);
    if (!this.list.hasWaiting) this.recalled = false;
    if (next) this.list.begin(next, performance.now());
  }

  credit(): void {}
  forget(): void {}
}

interface Scene {
  calls: ModelCall[];
  containers: Set<ModelContainer>;
  dispatch: Dispatch<ModelContainer>;
  /** All that was handed out, in order. */
  handed: Input[];
  ended: Input[];
}

function sceneOf(maxInputs: number, calls: number, containers: number, perKey?: number): Scene {
  const all = new Set<ModelContainer>();
  const handed: Input[] = [];
  const key = [[0]];
  const quota = perKey === undefined ? undefined : new Quota({ concurrency: { maxInputs, key, perKey } });
  const dispatch = new Dispatch<ModelContainer>({
    containers: all,
    maxInputs,
    batch: undefined,
    limit: quota && { quota, key },
    onDue: () => {},
  });
  for (let i = 0; i < containers; i++) all.add(new ModelContainer(maxInputs, (inputs) => void handed.push(...inputs)));
  return {
    calls: Array.from({ length: calls }, (_, i) => new ModelCall(i + 1)),
    containers: all,
    dispatch,
    handed,
    ended: [],
  };
}

type Step =
  | { do: "put"; call: number; count: number }
  | { do: "end" | "die" | "recall"; container: number; which: number }
  | { do: "block" | "unblock" | "cancel"; call: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("put" as const), call: fc.nat(), count: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("end" as const), container: fc.nat(), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("die" as const, "recall" as const),
      container: fc.nat(),
      which: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("block" as const, "unblock" as const, "cancel" as const),
      call: fc.nat(),
    }),
  },
);

function run(
  scene: Scene,
  { maxInputs, steps, elapsedMs }: { maxInputs: number; steps: Step[]; elapsedMs: number },
): void {
  const { calls, containers, dispatch, ended, handed } = scene;
  const end = (container: ModelContainer, input: Input): void => {
    container.remove(input);
    dispatch.left(input);
    dispatch.pace.took(elapsedMs);
    ended.push(input);
  };
  for (const one of steps) {
    if ("call" in one) {
      const call = calls[one.call % calls.length]!;
      if (call.over) continue;
      if (one.do === "put") {
        call.add(one.count);
        dispatch.enqueue(call, one.count);
      } else if (one.do === "block") call.blocked = true;
      else if (one.do === "unblock") {
        call.blocked = false;
        dispatch.unpark(call);
      } else {
        call.over = true;
        dispatch.dropped(call, call.clear());
      }
    } else {
      const container = [...containers][one.container % containers.size]!;
      const inside = [...container];
      if (one.do === "end") {
        const running = inside.filter(({ startedAt }) => startedAt > 0);
        if (running.length > 0) end(container, running[one.which % running.length]!);
      } else if (one.do === "recall") {
        for (const input of inside.filter(({ startedAt }) => startedAt === 0).reverse()) {
          container.remove(input);
          dispatch.left(input);
          if (!input.call.over) dispatch.again(input);
        }
      } else {
        container.state = "dead";
        containers.delete(container);
        dispatch.containerGone(container);
        for (const input of inside) dispatch.left(input);
        const left = inside.filter((input) => !input.call.over);
        for (const input of left) input.lostContainer();
        for (const { input } of blameFor({ cause: "crashed" }, left, inside.length)) dispatch.again(input);
        containers.add(new ModelContainer(maxInputs, (inputs) => void handed.push(...inputs)));
      }
    }
    dispatch.handOut();
    checkNow(scene, maxInputs);
  }
}

function checkNow({ containers, dispatch }: Scene, maxInputs: number): void {
  const most = maxInputs + dispatch.pace.ahead;
  expect(most).toBeLessThanOrEqual(maxInputs + MAX_AHEAD);
  for (const { list } of containers) {
    expect(list.running).toBeLessThanOrEqual(maxInputs);
    const inside = [...list];
    expect(inside.length).toBe(list.length);
    // Those that run lie before those that wait.
    const waiting = inside.findIndex(({ startedAt }) => startedAt === 0);
    if (waiting >= 0) expect(inside.slice(waiting).every(({ startedAt }) => startedAt === 0)).toBe(true);
    // A suspect runs alone.
    if (inside.some(({ suspect }) => suspect)) expect(inside.length).toBe(1);
  }
}

/** Lets all that is left run to its end. */
function finish({ calls, containers, dispatch, ended }: Scene): void {
  for (const call of calls) {
    if (call.over) continue;
    call.blocked = false;
    dispatch.unpark(call);
  }
  for (;;) {
    dispatch.handOut();
    let moved = false;
    for (const container of containers) {
      for (const input of [...container]) {
        if (input.startedAt === 0) continue;
        container.remove(input);
        dispatch.left(input);
        ended.push(input);
        moved = true;
      }
    }
    if (!moved) break;
  }
  dispatch.close();
}

const scenario = fc.record({
  maxInputs: fc.integer({ min: 1, max: 4 }),
  calls: fc.integer({ min: 1, max: 4 }),
  containers: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { maxLength: 60 }),
  // Short inputs are sent ahead, long ones are not.
  elapsedMs: fc.constantFrom(0.01, 1, 100),
});

test("nothing is lost and nothing ends twice, whatever dies, is taken back, blocked or cancelled", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const scene = sceneOf(given.maxInputs, given.calls, given.containers);
      run(scene, given);
      finish(scene);
      for (const call of scene.calls) {
        const ends = scene.ended.filter((input) => input.call === call).map(({ index }) => index);
        expect(new Set(ends).size).toBe(ends.length);
        if (!call.over) expect(ends.sort((a, b) => a - b)).toEqual(Array.from({ length: call.put }, (_, i) => i));
      }
      expect(scene.dispatch.waiting).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test("with a limit by key nothing is lost either, and no more of a key run than it says", () => {
  fc.assert(
    fc.property(scenario, fc.integer({ min: 1, max: 3 }), fc.boolean(), (given, perKey, durable) => {
      const scene = sceneOf(given.maxInputs, 0, given.containers, perKey);
      for (let i = 0; i < given.calls; i++) {
        const call = new ModelCall(i + 1, durable && i % 2 === 0 ? { patientSince: 0 } : {});
        call.keys = ["a", "b", "c"].slice(0, 1 + (i % 3));
        scene.calls.push(call);
      }
      for (const one of given.steps) {
        run(scene, { ...given, steps: [one] });
        const inside = new Map<string, number>();
        for (const container of scene.containers) {
          for (const { key } of container) inside.set(key, (inside.get(key) ?? 0) + 1);
        }
        for (const count of inside.values()) expect(count).toBeLessThanOrEqual(perKey);
        expect(scene.dispatch.startable).toBeLessThanOrEqual(scene.dispatch.waiting);
      }
      finish(scene);
      for (const call of scene.calls) {
        const ends = scene.ended.filter((input) => input.call === call).map(({ index }) => index);
        expect(new Set(ends).size).toBe(ends.length);
        if (!call.over) expect(ends.sort((a, b) => a - b)).toEqual(Array.from({ length: call.put }, (_, i) => i));
      }
      expect(scene.dispatch.waiting).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test("as much runs as a limit by key lets run: no container has room for an input that may begin", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (keys, perKey, maxInputs) => {
        const scene = sceneOf(maxInputs, 1, 2, perKey);
        const [call] = scene.calls as [ModelCall];
        call.keys = keys;
        call.add(keys.length);
        scene.dispatch.enqueue(call, keys.length);
        scene.dispatch.handOut();
        const count = (key: string) => keys.filter((one) => one === key).length;
        const mayRun = ["a", "b", "c", "d"].reduce((sum, key) => sum + Math.min(perKey, count(key)), 0);
        expect(scene.handed.length).toBe(Math.min(mayRun, 2 * maxInputs));
        expect(scene.dispatch.startable).toBe(mayRun - scene.handed.length);
        expect(scene.dispatch.waiting).toBe(keys.length - scene.handed.length);
        scene.dispatch.close();
      },
    ),
  );
});

test("a key that may not begin holds up no other, however many of it lie on disk before", () => {
  const scene = sceneOf(4, 0, 1, 1);
  const many = new ModelCall(1, { patientSince: 0 });
  const few = new ModelCall(2, { patientSince: 0 });
  many.keys = ["a"];
  few.keys = ["b"];
  scene.calls.push(many, few);
  many.add(5_000);
  scene.dispatch.enqueue(many, 5_000);
  scene.dispatch.handOut();
  expect(scene.handed.map(({ key }) => key)).toHaveLength(1);
  // Most of them stay where they are, and count all the same.
  expect(many.waiting).toBeGreaterThan(3_000);
  expect(scene.dispatch.waiting).toBe(4_999);
  expect(scene.dispatch.startable).toBe(0);
  few.add(3);
  scene.dispatch.enqueue(few, 3);
  scene.dispatch.handOut();
  expect(scene.handed.map(({ call }) => call)).toEqual([many, few]);
  expect([...scene.dispatch.take((call) => call === many)]).toHaveLength(4_999);
  expect(scene.dispatch.waiting).toBe(2);
  finish(scene);
  expect(scene.ended).toHaveLength(4);
});

test("the inputs of a call are handed out in their order, as long as none comes back", () => {
  fc.assert(
    fc.property(scenario, (given) => {
      const scene = sceneOf(given.maxInputs, given.calls, given.containers);
      run(scene, { ...given, steps: given.steps.filter((one) => one.do !== "die" && one.do !== "recall") });
      finish(scene);
      for (const call of scene.calls) {
        const order = scene.handed.filter((input) => input.call === call).map(({ index }) => index);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 300 },
  );
});

test("calls that have inputs waiting take turns, one input at a time", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      (counts, containers) => {
        const scene = sceneOf(1, counts.length, containers);
        for (const [i, count] of counts.entries()) {
          scene.calls[i]!.add(count);
          scene.dispatch.enqueue(scene.calls[i]!, count);
        }
        finish(scene);
        const given = counts.map(() => 0);
        for (const { call } of scene.handed) {
          const i = scene.calls.indexOf(call as ModelCall);
          given[i]!++;
          // No call is more than one ahead of another that still has something waiting.
          for (const [j, count] of counts.entries()) {
            if (given[j]! < count) expect(given[i]! - given[j]!).toBeLessThanOrEqual(1);
          }
        }
        expect(given).toEqual(counts);
      },
    ),
    { numRuns: 300 },
  );
});

/** Runs one at a time, each input as long as `costOf` says, and gives the calls in the order in which they were served. */
function serve(calls: ModelCall[], costOf: (call: ModelCall) => number): ModelCall[] {
  const scene = sceneOf(1, 0, 1);
  for (const call of calls) scene.dispatch.enqueue(call, call.waiting);
  const served: ModelCall[] = [];
  for (;;) {
    scene.dispatch.handOut();
    const [container] = scene.containers;
    const [input] = container!;
    if (!input) return served;
    const call = input.call as ModelCall;
    served.push(call);
    container!.remove(input);
    scene.dispatch.pace.took(10);
    input.charge(costOf(call));
  }
}

function callsOf(count: number, options: { caller?: object; patientSince?: number }, inputs = 1): ModelCall[] {
  return Array.from({ length: count }, (_, i) => {
    const call = new ModelCall(i, options);
    call.add(inputs);
    return call;
  });
}

test("a call whose caller waits comes before fifty thousand spawns", () => {
  const spawns = callsOf(50_000, { patientSince: 1, caller: {} });
  const [remote] = callsOf(1, {});
  expect(serve([...spawns, remote!], () => 10).indexOf(remote!)).toBe(0);
});

test("spawned calls go on while callers that wait never stop coming", () => {
  const spawns = callsOf(5, { patientSince: 1 });
  const remotes = callsOf(1_000, {});
  const served = serve([...remotes, ...spawns], () => 10);
  expect(served.slice(0, 50).filter((call) => spawns.includes(call)).length).toBe(5);
});

test("a caller with one call is served beside one with a thousand", () => {
  const many = callsOf(1_000, { caller: {} });
  const [one] = callsOf(1, { caller: {} });
  expect(serve([...many, one!], () => 10).indexOf(one!)).toBeLessThan(3);
});

test("callers share a pool by the work that is done for them, not by the number of inputs", () => {
  const [long] = callsOf(1, { caller: {} }, 100);
  const [short] = callsOf(1, { caller: {} }, 1_000);
  const served = serve([long!, short!], (call) => (call === long ? 100 : 10));
  const half = served.slice(0, 220);
  const work = (call: ModelCall, ms: number) => half.filter((one) => one === call).length * ms;
  expect(Math.abs(work(long!, 100) - work(short!, 10))).toBeLessThan(300);
});

test("a batch has the inputs that wait, in order, and never more than its size", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 3 }),
      (maxSize, count, containers) => {
        const handed: Input[] = [];
        const all = new Set<ModelContainer>();
        for (let i = 0; i < containers; i++)
          all.add(new ModelContainer(maxSize, (inputs) => void handed.push(...inputs)));
        const dispatch = new Dispatch<ModelContainer>({
          containers: all,
          maxInputs: 1,
          batch: { maxSize, waitMs: 60_000 },
          onDue: () => {},
        });
        const call = new ModelCall(1);
        call.add(count);
        dispatch.enqueue(call, count);
        for (let moved = true; moved; ) {
          dispatch.handOut();
          moved = false;
          for (const container of all) {
            expect(container.batches).toBeLessThanOrEqual(1);
            for (const input of [...container]) container.remove(input);
            if (container.batches > 0) moved = true;
            container.batches = 0;
          }
        }
        dispatch.close();
        // What does not fill a batch waits for others.
        const whole = count - (count % maxSize);
        expect(handed.map(({ index }) => index)).toEqual(Array.from({ length: whole }, (_, i) => i));
        expect(dispatch.waiting).toBe(count - whole);
        for (const { batchSizes } of all) expect(batchSizes.every((size) => size === maxSize)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
