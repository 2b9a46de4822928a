/**
 * Property: whatever goes wrong between caller and Modal, each input has exactly one outcome, and the right one. Schedules of faults
 * are made at random; each schedule meets a map, a spawned call, a generator, and a call with blobs both ways, at the same time.
 */
import fc from "fast-check";
import { Status } from "nice-grpc";
import { expect, test, vi } from "vitest";
import { FakeModal, fn, generator, PythonError } from "./fake/index.ts";
import { collect, Setup } from "./setup.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** RPCs that a caller makes, and those whose loss after they were carried out is told by nothing but their key. */
const METHODS = [
  "appGetByDeploymentName",
  "appGetLayout",
  "functionMap",
  "functionPutInputs",
  "functionGetOutputs",
  "functionRetryInputs",
  "functionFinishInputs",
  "functionCallFromId",
  "functionCallGetDataOut",
  "blobCreate",
  "blobGet",
] as const;
const PASSING = [Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.UNKNOWN] as const;
/** Modal slows down who asks too much there. */
const LIMITED = [
  "functionMap",
  "functionPutInputs",
  "functionGetOutputs",
  "functionRetryInputs",
  "blobCreate",
] as const;

const fault = fc.oneof(
  fc.record({
    kind: fc.constant("fail" as const),
    method: fc.constantFrom(...METHODS),
    status: fc.constantFrom(...PASSING),
    // The client tries four times.
    times: fc.integer({ min: 1, max: 2 }),
    after: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("limit" as const), method: fc.constantFrom(...LIMITED) }),
  fc.record({
    kind: fc.constant("slow" as const),
    method: fc.constantFrom(...METHODS),
    ms: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({
    kind: fc.constantFrom("lose" as const, "duplicate" as const, "other" as const, "internal" as const),
    times: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ kind: fc.constant("restart" as const), downMs: fc.integer({ min: 0, max: 100 }) }),
);
const schedule = fc.array(fc.record({ fault, waitMs: fc.integer({ min: 0, max: 80 }) }), {
  minLength: 2,
  maxLength: 8,
});

type Step = typeof schedule extends fc.Arbitrary<(infer T)[]> ? T : never;

async function inject(fake: FakeModal, { fault: each, waitMs }: Step): Promise<void> {
  const { faults } = fake;
  switch (each.kind) {
    case "fail":
      faults.fail(each.method, each.status, { times: each.times, after: each.after });
      break;
    case "limit":
      faults.fail(each.method, Status.RESOURCE_EXHAUSTED);
      break;
    case "slow":
      faults.slow(each.method, each.ms);
      break;
    case "restart":
      await fake.restart({ downMs: each.downMs });
      break;
    case "lose":
      faults.loseOutputs("twice", each);
      break;
    case "duplicate":
      faults.duplicateOutputs("twice", each);
      break;
    case "other":
      faults.addOutputsOfOtherAttempts("twice", each);
      break;
    case "internal":
      faults.failInternally("twice", each);
      break;
  }
  await new Promise((resolve) => setTimeout(resolve, waitMs));
}

const twice = fn(({ args: [value] }) => Number(value) * 2, { retries: 40, concurrency: 4 });
const refuse = fn(
  ({ args: [value] }) => {
    if (Number(value) % 10 === 9) throw new PythonError("ValueError", `not ${value}`);
    return value;
  },
  { concurrency: 4 },
);
const echo = fn(({ args: [value] }) => value);
const count = generator(async function* ({ args: [upto] }) {
  for (let index = 0; index < Number(upto); index++) yield index;
});
const blob = new Uint8Array(3 << 20).map((_, index) => index % 251);

// With seed 4, a container's own requests fail too.
test.each([1, 4])("each input has one outcome, the right one, whatever fails meanwhile (seed %i)", async (seed) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const property = fc.asyncProperty(schedule, async (steps) => {
    const fake = await FakeModal.start();
    await using modal = new Setup(fake);
    fake.deploy("shop", { twice, refuse, echo, count });
    const calls = {
      map: collect(modal.function("twice").map(range(90))),
      failures: collect(modal.function("refuse").map(range(20), { returnExceptions: true })),
      spawned: (async () => (await modal.function("echo").spawn("kept")).get())(),
      many: (async () => collect((await modal.function("echo").spawnMap(range(60))).iter()))(),
      generator: collect(modal.function("count").remoteGen(40)),
      blobs: modal.function("echo").remote(blob),
    };
    const settled = Promise.allSettled(Object.values(calls));
    for (const step of steps) await inject(fake, step);
    const outcomes = await settled;
    const [map, failures, spawned, many, generated, blobs] = outcomes.map((each) =>
      each.status === "fulfilled" ? each.value : each.reason,
    );
    expect(map).toEqual(range(90).map((value) => value * 2));
    expect(failures).toHaveLength(20);
    for (const [index, each] of failures.entries()) {
      if (index % 10 !== 9) expect(each).toBe(index);
      else expect(each).toMatchObject({ cause: { name: "ValueError", message: `not ${index}` } });
    }
    expect(spawned).toBe("kept");
    expect(many).toEqual(range(60));
    expect(generated).toEqual(range(40));
    expect(blobs).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(blobs, blob)).toBe(0);
  });
  // The same schedules in each run, and the first that fails as it is: a smaller one would take minutes to find.
  await fc.assert(property, { numRuns: 6, seed, endOnFailure: true });
  warn.mockRestore();
});
