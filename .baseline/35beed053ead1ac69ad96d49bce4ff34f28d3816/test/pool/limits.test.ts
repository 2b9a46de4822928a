/** The pieces of a limit against models: which starts still count, and which inputs may begin. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Quota } from "../../src/pool/quota.ts";
import { StartWindow } from "../../src/pool/start-window.ts";

test("in no span of time do more inputs of a key start than the limit says, and none waits longer than it has to", () => {
  const arrivals = fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), afterMs: fc.nat(40) }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100 }), arrivals, (count, perMs, inputs) => {
      const window = new StartWindow(count, perMs);
      const starts = new Map<string, number[]>();
      let now = 0;
      for (const { key, afterMs } of inputs) {
        now += afterMs;
        window.advance(now);
        while (window.room(key) === 0) {
          // Time goes on to where something changes, and no further.
          const next = window.nextAt!;
          expect(next).toBeGreaterThan(now);
          now = next;
          window.advance(now);
        }
        const before = starts.get(key) ?? [];
        const inSpan = before.filter((at) => at > now - perMs);
        expect(inSpan.length).toBeLessThan(count);
        expect(window.room(key)).toBe(count - inSpan.length);
        window.started(key, now);
        starts.set(key, [...before, now]);
      }
    }),
  );
});

test("a quota has room for as many of each key as run at a time, and forgets keys of which none does", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.boolean()), { maxLength: 100 }),
      (perKey, steps) => {
        const quota = new Quota({ concurrency: { maxInputs: 1, key: [[0]], perKey } });
        const changed: string[] = [];
        quota.listen((key) => void changed.push(key));
        const running: Record<string, number> = { a: 0, b: 0, c: 0 };
        for (const [key, begins] of steps) {
          if (begins && quota.room(key) > 0) {
            quota.begin(key, 0);
            running[key]!++;
          } else if (!begins && running[key]! > 0) {
            quota.end(key);
            running[key]!--;
          } else continue;
          expect(changed.pop()).toBe(key);
          for (const each of ["a", "b", "c"]) expect(quota.room(each)).toBe(perKey - running[each]!);
        }
      },
    ),
  );
});
