/** Types that a program has a codec for, on the wire: what is refused and with which place, and what stays as it was without codecs. */
import { expect, test } from "vitest";
import { configure, InvalidError, SerializationError } from "../../src/index.ts";
import {
  App,
  codec,
  decodeError,
  decodeValue,
  encodeArguments,
  encodeError,
  encodeValue,
} from "../../src/runtime/index.ts";

class Money {
  readonly #cents: number;
  constructor(cents: number) {
    if (cents < 0) throw new RangeError("debts are not money");
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}
class Coin extends Money {}
/** Without a codec it would cross as plain data. */
class Point {
  x = 1;
}
class Odd {
  call(): void {}
}

const money = codec({
  name: "money",
  class: Money,
  encode: (value) => ({ cents: value.cents }),
  decode: ({ cents }) => new Money(cents),
});

test("payloads without such values are the same bytes whether or not codecs are registered", () => {
  const values = [
    { a: [1, "b", new Date(5), null] },
    new Map([[1, -0]]),
    new Point(),
    Object.create(null),
    new Error("x"),
  ];
  const before = values.map((value) =>
    Buffer.from(encodeValue(value))
      .toString("hex")
      .replace(/(?<=737461636b).*/, ""),
  );
  configure({ codecs: [money] });
  const after = values.map((value) =>
    Buffer.from(encodeValue(value))
      .toString("hex")
      .replace(/(?<=737461636b).*/, ""),
  );
  expect(after).toEqual(before);
});

test("values arrive wherever they stand, those of classes that extend the class too", () => {
  configure({ codecs: [money] });
  const sent = { list: [new Money(1)], map: new Map([[new Money(2), new Set([new Coin(3)])]]), none: undefined };
  const got = decodeValue(encodeValue(sent)) as typeof sent;
  expect(got.list[0]).toBeInstanceOf(Money);
  expect(got.list[0]!.cents).toBe(1);
  const [[key, set]] = [...got.map] as [[Money, Set<Money>]];
  expect([key.cents, [...set].map(({ cents }) => cents)]).toEqual([2, [3]]);
  const error = decodeError(
    encodeError(Object.assign(new Error("x", { cause: new Money(4) }), { price: new Money(5) })),
  );
  expect([(error as Error).cause, (error as { price?: unknown }).price]).toEqual([
    expect.any(Money),
    expect.any(Money),
  ]);
});

test("what a codec makes of a value has to cross too, and is refused with its place", () => {
  const odd = codec({ name: "odd", class: Odd, encode: () => ({ call: () => 1 }), decode: () => new Odd() });
  const failing = codec({
    name: "failing",
    class: class Failing {},
    encode: () => {
      throw new Error("not today");
    },
    decode: () => ({}),
  });
  configure({ codecs: [odd, failing] });
  expect(() => encodeArguments([{ odd: [new Odd()] }])).toThrow(
    "arguments[0].odd[0].call is a function (call), which cannot cross the wire",
  );
  expect(() => encodeArguments([], { odd: new Odd() })).toThrow("kwargs.odd.call is a function");
  const value = new (failing.class as new () => object)();
  expect(() => encodeValue({ a: value }, "result")).toThrow(
    "result.a cannot be encoded by its codec (not today), which cannot cross the wire",
  );
  const inside = decodeError(encodeError(Object.assign(new Error("x"), { value, other: 1 }))) as Error & object;
  expect({ ...inside }).toEqual({ value: "[Failing]", other: 1 });
});

test("a codec that is missing or cannot decode says so", () => {
  configure({ codecs: [money] });
  const payload = encodeValue(new Money(7));
  configure({ codecs: [codec({ name: "money", class: Money, encode: String, decode: () => new Money(-1) })] });
  expect(() => decodeValue(payload)).toThrow('the codec "money" cannot decode a value: debts are not money');
  const unknown = Buffer.from(payload).toString("latin1").replace("money", "mooey");
  const missing = () => decodeValue(Buffer.from(unknown, "latin1"));
  expect(missing).toThrow(SerializationError);
  expect(missing).toThrow('a value was encoded by the codec "mooey", which this program does not have');
});

test("what is not a codec is refused where it is defined or registered", () => {
  const wrong = [{}, { ...money, name: "" }, { ...money, encode: 1 }, { ...money, class: () => 1 }, null];
  for (const one of wrong) {
    expect(() => codec(one as never)).toThrow(InvalidError);
    expect(() => configure({ codecs: [one as never] })).toThrow(InvalidError);
  }
  expect(() => configure({ codecs: money as never })).toThrow("codecs must be a list");
  expect(() => new App("with-codecs", { codecs: [{ name: "x" }] as never })).toThrow('codec "x" needs');
});
