import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareFunctions, type FunctionVersion, signatureOf } from "../../src/schema/index.ts";
import { declarations, parameters, scopeOfDeclarations, types } from "../support/arbitraries.ts";
import { mutations } from "./mutate.ts";
import { judge } from "./oracle.ts";
import { recursiveUnions } from "./recursive.ts";

/** A function and the declarations that it may refer to; nothing computed, which only equal structure makes compatible. */
const versions: fc.Arbitrary<FunctionVersion> = fc
  .oneof(
    { weight: 9, arbitrary: declarations({ computed: false, maxLength: 3 }) },
    { weight: 1, arbitrary: recursiveUnions },
  )
  .chain((declared) => {
    const scope = { ...scopeOfDeclarations(declared), computed: false, maxDepth: 2 };
    return fc.record({ parameters: parameters(scope), returns: types(scope) }).map((call) => ({
      fn: { name: "probe", mode: "unary" as const, ...call },
      declarations: declared,
    }));
  });

const pairs = versions.chain((before) => mutations(before).map((after) => ({ before, after })));

const BATCHES = Number(process.env.FARCALL_TEST_BATCHES ?? 2);
const PAIRS = 250;
/** Fixed, so that a run says the same twice; set another one, and more batches, to look further. */
const SEED = Number(process.env.FARCALL_TEST_SEED ?? 1);

describe("a change called compatible", () => {
  test("is accepted by the compiler", () => {
    let [accepted, conservative, compatible] = [0, 0, 0];
    for (let batch = 0; batch < BATCHES; batch++) {
      const sample = fc.sample(pairs, { numRuns: PAIRS, seed: SEED + batch });
      const judgements = judge(sample);
      for (const [at, { before, after }] of sample.entries()) {
        const { verdict, reasons } = compareFunctions(before, after);
        const { accepts, invalid, messages } = judgements[at]!;
        if (invalid) continue;
        if (verdict !== "breaking" && !accepts) {
          expect.fail(
            `${verdict} (${reasons.join("; ")}), but:\n${messages.join("\n")}\n${JSON.stringify({ before, after }, null, 1)}`,
          );
        }
        const sameSignature = signatureOf(before.fn, before.declarations) === signatureOf(after.fn, after.declarations);
        expect(sameSignature).toBe(verdict === "same" || verdict === "docs only");
        if (accepts) accepted++;
        if (accepts && verdict === "breaking") {
          conservative++;
          if (process.env.FARCALL_TEST_VERBOSE) console.log(reasons.join("; "));
        }
        if (verdict === "compatible") compatible++;
      }
    }
    if (process.env.FARCALL_TEST_VERBOSE) {
      console.log(
        `${BATCHES * PAIRS} pairs, ${accepted} accepted by tsc, of these ${conservative} called breaking, ${compatible} compatible`,
      );
    }
    expect(compatible).toBeGreaterThan(0);
    expect(conservative).toBeLessThan(accepted / 4);
  });
});
