/** Codecs: what is inferred of a class and its format, also where the constructor is private. */
import { App, type Codec, codec, configure } from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";

declare class Decimal {
  constructor(text: string);
  plus(other: Decimal): Decimal;
}
declare class Time<V extends boolean = boolean> {
  private constructor();
  static of(ms: number): Time<true>;
  readonly valid: V;
}
interface Big {
  toFixed(): string;
}
declare const Big: { new (text: string): Big; (text: string): Big };

const decimal = codec({ name: "decimal", class: Decimal, encode: String, decode: (text) => new Decimal(text) });
expectType<Equal<typeof decimal, Codec<Decimal, string, "decimal", never>>>(true);
const time = codec({
  name: "time",
  class: Time,
  encode: (at) => [at.valid],
  decode: ([valid]) => Time.of(Number(valid)),
});
const big = codec({
  name: "big",
  class: Big,
  from: "bigs",
  encode: (value) => value.toFixed(),
  decode: (text) => new Big(text),
});
expectType<Equal<typeof big, Codec<Big, string, "big", "bigs">>>(true);
configure({ codecs: [decimal, time, big] });
export const app: App = new App("codecs", { codecs: [decimal, time, big], timeoutMs: 5 });

// @ts-expect-error what is decoded is not what is encoded
codec({ name: "a", class: Decimal, encode: String, decode: (count: number) => new Decimal(String(count)) });
// @ts-expect-error another class is decoded
codec({ name: "a", class: Decimal, encode: String, decode: () => new Date() });
// @ts-expect-error a method that the class does not have
codec({ name: "a", class: Decimal, encode: (value) => value.minus(), decode: () => new Decimal("") });
// @ts-expect-error not an option of a function
app.function((a: string) => a, { name: "a", codecs: [decimal] });
