/** Types that apps bring a codec for, from an app's source to a program that calls, with a real host. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { farcall, run } from "../support/cli.ts";
import { COMPILERS, compile } from "../support/compile.ts";
import { InstalledProject } from "./project.ts";

let project: InstalledProject;
let folder: string;
let env: Record<string, string | undefined>;

/** Packages of the three kinds that there are: a default export, a private constructor with a type parameter, an interface with a const. */
const PACKAGES = {
  "node_modules/decimals/package.json": JSON.stringify({ name: "decimals", type: "module", exports: "./index.js" }),
  "node_modules/decimals/index.js": `export default class Decimal {
  constructor(value) { if (!/^-?[0-9.]+$/.test(value)) throw new Error("not a number: " + value); this.value = BigInt(String(value).replace(".", "")); this.scale = (String(value).split(".")[1] ?? "").length; }
  plus(other) { return new Decimal((Number(this.toString()) + Number(other.toString())).toFixed(Math.max(this.scale, other.scale))); }
  toString() { const digits = this.value.toString(); return this.scale ? digits.slice(0, -this.scale) + "." + digits.slice(-this.scale) : digits; }
}
`,
  "node_modules/decimals/index.d.ts": `/** A number of any length. */
export default class Decimal { #scale; constructor(value: string | number); plus(other: Decimal): Decimal; toString(): string; }
`,
  "node_modules/times/package.json": JSON.stringify({ name: "times", main: "index.js" }),
  "node_modules/times/index.js": `class DateTime { constructor(ms) { this.ms = ms; } static fromMillis(ms) { return new DateTime(ms); } toMillis() { return this.ms; } get valid() { return true; } }
exports.DateTime = DateTime;
`,
  "node_modules/times/index.d.ts": `export class DateTime<Valid extends boolean = true | false> { private constructor(); static fromMillis(ms: number): DateTime<true>; toMillis(): Valid extends true ? number : number; readonly valid: Valid; }
`,
  "node_modules/bigs/package.json": JSON.stringify({ name: "bigs", type: "module", exports: "./index.js" }),
  "node_modules/bigs/index.js": `export function Big(text) { if (!(this instanceof Big)) return new Big(text); this.text = text; }
Big.prototype.toFixed = function () { return this.text; };
`,
  "node_modules/bigs/index.d.ts": `export interface Big { toFixed(): string }
export interface BigConstructor { new (text: string): Big; (text: string): Big }
export declare const Big: BigConstructor;
`,
};

const CODECS = `import { Big } from "bigs";
import Decimal from "decimals";
import { codec } from "farcall";
import { DateTime } from "times";

export const decimal = codec({ name: "decimal", class: Decimal, encode: String, decode: (text: string) => new Decimal(text) });
export const time = codec({ name: "time", class: DateTime, encode: (at) => ({ ms: at.toMillis() }), decode: ({ ms }) => DateTime.fromMillis(ms) });
export const big = codec({ name: "big", class: Big, encode: (value) => value.toFixed(), decode: (text) => new Big(text) });
`;

const APP = `import type { Big } from "bigs";
import Decimal from "decimals";
import { App } from "farcall";
import { DateTime } from "times";
import { big, decimal, time } from "./codecs.ts";

export const app = new App("prices", { codecs: [decimal, time, big] });

export interface Item { price: Decimal; at?: DateTime<true>; tags: Map<string, Decimal | null> }

/** Adds prices. */
export const total = app.function(async function total(items: Item[], discount: Decimal | null = null): Promise<Decimal> {
  let sum = new Decimal("0.00");
  for (const { price } of items) sum = sum.plus(price);
  return discount ? sum.plus(discount) : sum;
});
export const item = app.function(function item(price: Decimal): Item {
  return { price, at: DateTime.fromMillis(7), tags: new Map([["a", price], ["b", null]]) };
});
export const inferred = app.function((text: string) => ({ price: new Decimal(text), at: DateTime.fromMillis(1) }), { name: "inferred" });
export const echo = app.function(function echo(value: Big): Big { return value; }, { web: true });
export const list = app.function(async function* list(prices: Decimal[]) { yield* prices; });
export class Wrong extends Error { constructor(readonly price: Decimal) { super("wrong"); } }
/** @throws {Wrong} always */
export const wrong = app.function(function wrong(price: Decimal): void { throw new Wrong(price); });
export const broken = app.function(function broken(): Decimal { return Object.create(Decimal.prototype); });
export const Till = app.class(class Till {
  constructor(readonly start: Decimal) {}
  add(price: Decimal): Decimal { return this.start.plus(price); }
});
`;

const PROGRAM = `import Decimal from "decimals";
import { Big } from "bigs";
import { configure, FunctionCall } from "farcall";
import { DateTime } from "times";
import { prices } from "./generated/index.ts";
import { big, decimal, time } from "./producer/codecs.ts";

const early = await prices.total.remote([]).catch((error: unknown) => error as Error & { hint?: string });
const refused = await prices.item.remote(new Decimal("1")).catch((error: unknown) => error as Error & { hint?: string });
configure({ codecs: [decimal, time, big] });
const results: unknown[] = [early.toString(), (early as { hint?: string }).hint, refused instanceof Error && refused.message];
const item = await prices.item.remote(new Decimal("1.50"));
results.push([item.price instanceof Decimal, item.price.plus(item.price).toString(), item.at?.toMillis(), item.tags.get("a")?.toString(), item.tags.get("b")]);
const sum: Decimal = await prices.total.remote([item, item], new Decimal("-0.50"));
results.push(sum.toString());
const { price, at } = await prices.inferred.remote("2.5");
results.push([price.toString(), at instanceof DateTime, at.toMillis()]);
results.push((await prices.echo.remote(new Big("12"))).toFixed());
for await (const each of prices.list.remoteGen([new Decimal("1"), new Decimal("2")])) results.push(each.toString());
for await (const { price } of prices.item.map([new Decimal("3")])) results.push(price.toString());
results.push(String(await FunctionCall.fromId<Decimal>((await prices.total.spawn([item])).id).get()));
const wrong = await prices.wrong.remote(new Decimal("9")).catch((error: unknown) => error);
results.push(wrong instanceof prices.Wrong && wrong.price.toString());
results.push((await new prices.Till(new Decimal("5.0")).add.remote(new Decimal("0.5"))).toString());
class Special extends Decimal {}
results.push((await prices.item.remote(new Special("4"))).price.toString());
const broken = await prices.broken.remote().catch((error: unknown) => (error as Error).message);
results.push(broken);
// A caller that the compiler has not checked.
const untyped = prices.item.remote as unknown as (value: unknown) => Promise<unknown>;
results.push(await untyped.call(prices.item, "1.5").catch((error: unknown) => (error as Error).message));
results.push(await untyped.call(prices.item, DateTime.fromMillis(1)).catch((error: unknown) => (error as Error).message));
const url = await prices.echo.getWebUrl();
const answer = await fetch(url!, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ value: "77" }) });
results.push([answer.status, await answer.text()]);
// @ts-expect-error a string is no Decimal
if (process.argv[2] === "never") void prices.item.remote("1");
console.log(JSON.stringify(results));
`;

beforeAll(async () => {
  project = await InstalledProject.create(
    {
      ...PACKAGES,
      "package.json": JSON.stringify({ name: "shop", type: "module" }),
      "farcall.config.json": JSON.stringify({ apps: ["prices"] }),
      "src/producer/codecs.ts": CODECS,
      "src/producer/app.ts": APP,
      "src/main.ts": PROGRAM,
    },
    { lib: ["es2022"] },
  );
  ({ folder, env } = project);
  await project.cli("deploy", "src/producer/app.ts");
  await project.cli("codegen");
});

afterAll(() => project?.[Symbol.asyncDispose]());

describe.sequential("types with a codec", () => {
  test("cross in both directions, and a program without the codec is told which one is missing", async () => {
    const ran = await run(process.execPath, ["src/main.ts"], { cwd: folder, env });
    expect(ran.stderr).toBe("");
    expect(JSON.parse(ran.stdout)).toEqual([
      'SerializationError: a value was encoded by the codec "decimal", which this program does not have',
      "Register the app's codec where the program starts: configure({ codecs: [decimal] }).",
      "arguments[0] is an instance of Decimal, a class with methods, which cannot cross the wire",
      [true, "3.00", 7, "1.50", null],
      "2.50",
      ["2.5", true, 1],
      "12",
      "1",
      "2",
      "3",
      "1.50",
      "9",
      "5.5",
      "4",
      "broken: result cannot be encoded by its codec (Cannot read properties of undefined (reading 'toString')), which cannot cross the wire",
      "item(price): expected Decimal, received string",
      "item(price): expected Decimal, received DateTime",
      [200, '"77"'],
    ]);
  });

  test("stand in the stubs as the type of the package", async () => {
    const stubs = await readFile(join(folder, "src/generated/prices.ts"), "utf8");
    expect(stubs).toContain('export type Decimal = import("decimals").default;');
    expect(stubs).toContain('export type DateTime = import("times").DateTime;');
    expect(stubs).toContain('export type Big = import("bigs").Big;');
    expect(stubs).toContain("tags: Map<string, Decimal | null>;");
  });

  test.each(COMPILERS)("compile under %s", async (compiler) => {
    expect(await compile(compiler, join(folder, "tsconfig.json"), folder)).toBe("");
  });

  test("are given and shown as what the codec makes of them on the command line", async () => {
    expect(await project.cli("call", "prices/item", '"2.25"', "--json")).toBe(
      '{"price":"2.25","at":{"ms":7},"tags":{"a":"2.25","b":null}}\n',
    );
    const wrong = await farcall(["call", "prices/item", "5"], { cwd: folder, env });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain("item(price): expected Decimal");
    expect(await project.cli("describe", "prices/item")).toContain("Decimal");
  });

  test("change a signature: a type gets a codec, or its codec another format", async () => {
    const withText = APP.replace("echo(value: Big): Big", "echo(value: string): string");
    await project.write({ "src/producer/app.ts": withText });
    await project.cli("deploy", "src/producer/app.ts");
    const check = await farcall(["codegen", "--check"], { cwd: folder, env });
    expect(check.stdout + check.stderr).toMatch(/echo[^\n]*breaking|breaking[^\n]*echo/);
    await project.write({
      "src/producer/app.ts": APP,
      "src/producer/codecs.ts": CODECS.replace("({ ms: at.toMillis() })", "at.toMillis()").replace(
        "({ ms }) => DateTime.fromMillis(ms)",
        "(ms) => DateTime.fromMillis(ms)",
      ),
    });
    await project.cli("deploy", "src/producer/app.ts");
    const changed = await farcall(["codegen", "--check"], { cwd: folder, env });
    expect(changed.stdout + changed.stderr).toMatch(/item/);
    expect(changed.stdout + changed.stderr).not.toMatch(/echo/);
  });

  test("that callers cannot import are refused at deploy", async () => {
    await project.write({
      "src/producer/own.ts": `import { App, codec } from "farcall";
export class Money { constructor(readonly cents: number) {} format() { return String(this.cents); } }
const money = codec({ name: "money", class: Money, encode: (m) => m.cents, decode: (cents) => new Money(cents) });
export const app = new App("own", { codecs: [money] });
export const pay = app.function(function pay(money: Money): void {});
`,
    });
    const refused = await farcall(["deploy", "src/producer/own.ts"], { cwd: folder, env });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('callers cannot import Money, the type of the codec "money"');
    const own = await readFile(join(folder, "src/producer/own.ts"), "utf8");
    await project.write({
      "src/producer/own.ts": own.replace('name: "money",', 'name: "money", from: "@shop/money",'),
    });
    await project.cli("deploy", "src/producer/own.ts");
  });

  test("of Temporal need no codec where the platform or a polyfill has them", async () => {
    await project.write({
      "temporal.config.json": JSON.stringify({ apps: ["dates"], output: "dates/generated" }),
      "dates/polyfill.js": `class Instant { constructor(text) { this.text = text; } static from(text) { return new Instant(text); } toString() { return this.text; } toJSON() { return this.text; } get later() { return 1; } }
globalThis.Temporal ??= { Instant };
`,
      "dates/app.ts": `import "./polyfill.js";
import { App } from "farcall";
export const app = new App("dates");
/** Gives it back. */
export const echo = app.function(function echo(at: Temporal.Instant, all?: Temporal.Instant[]): { at: Temporal.Instant } { return { at }; });
`,
      "dates/main.ts": `import { dates } from "./generated/index.ts";
const without = await dates.echo.remote("2020-01-01T00:00:00Z" as never).catch((error: Error) => error.message);
console.log(without);
await import("./polyfill.js" as string);
const { Temporal } = globalThis as unknown as { Temporal: { Instant: { from(text: string): { later?: number; toString(): string; toJSON(): string } } } };
const { at } = await dates.echo.remote(Temporal.Instant.from("2020-01-01T00:00:00Z") as never, []);
console.log(at.toString(), at instanceof (Temporal.Instant as never), new Date(String(at)).getTime());
`,
      "dates/tsconfig.json": JSON.stringify({
        extends: "../tsconfig.json",
        compilerOptions: { lib: ["es2022", "esnext.temporal"], allowJs: true, checkJs: false },
        include: ["app.ts"],
      }),
      "dates/without.tsconfig.json": JSON.stringify({ extends: "../tsconfig.json", include: ["main.ts", "generated"] }),
      "dates/typed.ts": `import { dates } from "./generated/index.ts";
const { at } = await dates.echo.remote(Temporal.Instant.from("2020-01-01T00:00:00Z"));
export const later: Temporal.Instant = at.add({ hours: 1 });
// @ts-expect-error a string is not an instant
void dates.echo.remote("2020-01-01T00:00:00Z");
`,
      "dates/typed.tsconfig.json": JSON.stringify({
        extends: "./tsconfig.json",
        include: ["typed.ts", "generated"],
      }),
    });
    await project.cli("deploy", "dates/app.ts");
    await project.cli("codegen", "--config", "temporal.config.json");
    for (const compiler of COMPILERS) {
      expect(await compile(compiler, join(folder, "dates/without.tsconfig.json"), folder)).toBe("");
    }
    for (const compiler of ["typescript", "typescript-6"] as const) {
      expect(await compile(compiler, join(folder, "dates/typed.tsconfig.json"), folder)).toBe("");
    }
    const ran = await run(process.execPath, ["dates/main.ts"], { cwd: folder, env });
    expect([ran.stderr, ran.stdout]).toEqual([
      "",
      "echo(at): expected Instant, received string\n2020-01-01T00:00:00Z true 1577836800000\n",
    ]);
    // The platform's own, on the caller's side.
    const native = await run(
      process.execPath,
      [
        "--harmony-temporal",
        "--input-type=module",
        "-e",
        `import { Function } from "farcall";
const { at } = await Function.fromName("dates", "echo").remote(Temporal.Instant.from("2020-01-01T00:00:00Z"));
console.log(at instanceof Temporal.Instant, at.epochMilliseconds);`,
      ],
      { cwd: folder, env },
    );
    expect([native.stderr, native.stdout]).toEqual(["", "true 1577836800000\n"]);
  });
});
