/** Calls of one input: what the compiler accepts, and what it refuses on the argument at fault. */
import { callOptions, FunctionCall, kwargs } from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";
import { add, frames, log, maybe, pair, ping, resize, sum, tokenize, train } from "./stubs.ts";

const bytes: Uint8Array = new Uint8Array();
const limits = callOptions({ timeoutMs: 5 });

expectType<Equal<ReturnType<typeof resize.remote>, Promise<Uint8Array>>>(true);
expectType<Equal<ReturnType<typeof ping.remote>, Promise<void>>>(true);
expectType<Equal<ReturnType<typeof add.spawn>, Promise<FunctionCall<number>>>>(true);
expectType<Equal<ReturnType<typeof frames.remoteGen>, AsyncGenerator<Uint8Array, void, void>>>(true);

resize.remote(bytes);
resize.remote(bytes, undefined);
resize.remote(bytes, { width: 3 });
resize.remote(bytes, limits);
resize.remote(bytes, { width: 3 }, limits);
resize.spawn(bytes, callOptions({ idempotencyKey: "k" }));
resize.spawn(bytes, callOptions({ delayMs: 5_000 }));
resize.spawn(bytes, callOptions({ at: new Date() }));
add.spawnMap([1, 2], [3, 4], { at: new Date() });
add.spawnMap([1, 2], [3, 4], { delayMs: 5 });
// @ts-expect-error a map is not for later
add.map([1, 2], [3, 4], { delayMs: 5 });
// @ts-expect-error a Date
callOptions({ at: 5 });
// @ts-expect-error the options are not in callOptions()
resize.spawn(bytes, { delayMs: 5 });
sum.remote(1);
sum.remote(1, 2, 3);
sum.remote(1, 2, 3, limits);
ping.remote();
ping.remote(limits);
maybe.remote(undefined);
pair.remote("a");
pair.remote("a", 1);
frames.remoteGen(bytes, 2, limits);
frames.remoteGen(bytes, limits);

// @ts-expect-error the first argument is missing
resize.remote();
// @ts-expect-error wrong type
resize.remote("bytes");
// @ts-expect-error unknown property
resize.remote(bytes, { widht: 3 });
// @ts-expect-error wrong type of a property
resize.remote(bytes, { width: "3" });
// @ts-expect-error too many arguments
resize.remote(bytes, {}, limits, limits);
// @ts-expect-error a required argument is not a call option
resize.remote(limits);
// @ts-expect-error one argument is missing
add.remote(1);
// @ts-expect-error options have to be marked
add.remote(1, 2, { timeoutMs: 3 });
// @ts-expect-error options of the function and of the call in one object
resize.remote(bytes, { width: 3, timeoutMs: 3 });
// @ts-expect-error wrong type in the rest
sum.remote(1, 2, "3");
// @ts-expect-error undefined in the rest
sum.remote(1, undefined);
// @ts-expect-error call options instead of a required argument
sum.remote(limits);
// @ts-expect-error no argument expected
ping.remote(1);
// @ts-expect-error a generator has no remote
frames.remote(bytes);
// @ts-expect-error a function has no remoteGen
resize.remoteGen(bytes);
// @ts-expect-error TypeScript functions have no names for their arguments
add.remote(1, kwargs({ b: 2 }));
// @ts-expect-error unknown call option
callOptions({ timeout: 5 });

// ---- by name ----

tokenize.remote("a");
tokenize.remote("a", "en");
tokenize.remote("a", limits);
tokenize.remote("a", "en", limits);
tokenize.remote("a", kwargs({ language: "en" }));
tokenize.remote("a", kwargs({ language: "en", lower: true }), limits);
tokenize.remote("a", "en", kwargs({ lower: true }));
tokenize.remote(kwargs({ text: "a" }));
tokenize.remote(kwargs({ language: "en", text: "a", lower: true }), limits);
tokenize.spawn("a", kwargs({ lower: true }));
train.remote([1], 0.1, kwargs({ epochs: 3 }));
train.remote([1], kwargs({ epochs: 3, rate: 0.1 }));
log.remote(kwargs({ level: "info" }));

// @ts-expect-error missing: text
tokenize.remote(kwargs({ language: "en" }));
// @ts-expect-error repeated: text is given by position
tokenize.remote("a", kwargs({ text: "b" }));
// @ts-expect-error repeated: language is given by position
tokenize.remote("a", "en", kwargs({ language: "de" }));
// @ts-expect-error unknown
tokenize.remote("a", kwargs({ langauge: "en" }));
// @ts-expect-error wrong type
tokenize.remote("a", kwargs({ lower: 1 }));
// @ts-expect-error lower can be given by name only
tokenize.remote("a", "en", true);
// @ts-expect-error missing: epochs, which can be given by name only
train.remote([1], 0.1);
// @ts-expect-error missing: epochs
train.remote([1], kwargs({ rate: 0.1 }));
// @ts-expect-error data has no name
train.remote(kwargs({ data: [1], rate: 1, epochs: 2 }));
// @ts-expect-error missing: level
log.remote();
// @ts-expect-error nothing comes after the arguments by name
tokenize.remote(kwargs({ text: "a" }), "en");

// ---- calls ----

const call: FunctionCall<number> = FunctionCall.fromId("fc-1");
expectType<Equal<ReturnType<typeof call.get>, Promise<number>>>(true);
const text: FunctionCall<string> = FunctionCall.fromId<string>("fc-2");
expectType<Equal<Awaited<ReturnType<typeof gatherBoth>>, [number, string]>>(true);
function gatherBoth(): Promise<[number, string]> {
  return FunctionCall.gather(call, text);
}
// @ts-expect-error a call of numbers is not a call of strings
export const wrong: FunctionCall<string> = call;

import { join, total } from "./stubs.ts";

total.remote("a");
total.remote("a", 1, 2);
total.remote("a", 1, 2, kwargs({ scale: 2 }));
total.remote("a", kwargs({ scale: 2 }), limits);
// @ts-expect-error values have no name
total.remote("a", kwargs({ values: [1] }));
join.remote();
join.remote(limits);
join.remote(",", "a", "b", limits);
