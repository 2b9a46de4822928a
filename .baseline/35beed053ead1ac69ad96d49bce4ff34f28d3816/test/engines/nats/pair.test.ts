import fc from "fast-check";
import { expect, test } from "vitest";
import { Pair } from "../../../src/engines/nats/pairs/index.ts";

/** Two sides over a channel that may lose messages, delivered one at a time. */
class Channel {
  readonly received: Record<"a" | "b", string[]> = { a: [], b: [] };
  readonly a: Pair;
  readonly b: Pair;
  readonly #queue: (() => void)[] = [];
  losing = false;

  constructor() {
    this.a = this.#side("a", () => this.b);
    this.b = this.#side("b", () => this.a);
  }

  #side(name: "a" | "b", other: () => Pair): Pair {
    return new Pair({
      send: (message, asks) => {
        if (this.losing) return;
        const sent = new Uint8Array(message);
        this.#queue.push(() => {
          expect(other().receive(sent)).toBe(true);
          if (asks !== "nothing") other().answer();
        });
      },
      onFrame: ({ index, payload }) => this.received[name].push(`${index}:${payload.length}`),
    });
  }

  /** Delivers all that is on its way, and what comes of it. */
  settle(): void {
    for (let deliver = this.#queue.shift(); deliver; deliver = this.#queue.shift()) deliver();
  }
}

test("frames arrive once and in order, whatever is lost on the way and however large they are", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("write" as const),
      from: fc.constantFrom("a" as const, "b" as const),
      bytes: fc.integer({ min: 0, max: 700_000 }),
    }),
    fc.record({ kind: fc.constantFrom("settle" as const, "lose" as const, "reconnect" as const, "ping" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const channel = new Channel();
      const sent: Record<"a" | "b", string[]> = { a: [], b: [] };
      for (const each of steps) {
        if (each.kind === "write") {
          const list = sent[each.from];
          channel[each.from].writer.write(1, 0, list.length, new Uint8Array(each.bytes));
          channel[each.from].writer.flush();
          list.push(`${list.length}:${each.bytes}`);
        } else if (each.kind === "settle") channel.settle();
        else if (each.kind === "lose") channel.losing = true;
        else if (each.kind === "ping") channel.a.ping();
        else {
          channel.losing = false;
          channel.a.resume();
          channel.b.resume();
        }
      }
      channel.losing = false;
      channel.a.resume();
      channel.b.resume();
      channel.settle();
      expect(channel.received).toEqual({ a: sent.b, b: sent.a });
      expect([channel.a.heldBack, channel.b.heldBack]).toEqual([0, 0]);
    }),
    { numRuns: 60 },
  );
});

test("no more than a window of bytes is on its way to a side that does not read", () => {
  let bytes = 0;
  const pair = new Pair({
    send: (message) => {
      bytes += message.length;
    },
    onFrame: () => {},
  });
  for (let i = 0; i < 200; i++) pair.writer.write(1, 0, i, new Uint8Array(100_000));
  pair.writer.flush();
  expect(bytes).toBeLessThan(5 * 1024 * 1024);
  expect(pair.heldBack).toBeGreaterThan(14 * 1024 * 1024);
});

test("a side that has begun anew is noticed by the other", () => {
  const sent: Uint8Array[] = [];
  const make = () => new Pair({ send: (message) => void sent.push(new Uint8Array(message)), onFrame: () => {} });
  const [here, there, again] = [make(), make(), make()];
  here.ping();
  expect(there.receive(sent.pop()!)).toBe(true);
  there.ping();
  expect(here.receive(sent.pop()!)).toBe(true);
  again.ping();
  expect(here.receive(sent.pop()!)).toBe(false);
});
