/** Maps: one iterable per parameter, labels kept, items narrowed by the options. */
import { kwargs, repeat, type UserCodeException } from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";
import { add, collect, fit, maybe, pair, ping, relate, resize, sum, tokenize, train } from "./stubs.ts";

const images: Uint8Array[] = [];
async function* numbers(): AsyncGenerator<number> {}

type Item<I> = I extends AsyncIterable<infer T> ? T : never;

const plain = resize.map(images);
expectType<Equal<Item<typeof plain>, Uint8Array>>(true);
const ordered = resize.map(images, { orderOutputs: false });
expectType<Equal<Item<typeof ordered>, Uint8Array>>(true);
const rejecting = resize.map(images, { returnExceptions: false });
expectType<Equal<Item<typeof rejecting>, Uint8Array>>(true);
const wrapped = resize.map(images, repeat({ width: 3 }), { returnExceptions: true });
expectType<Equal<Item<typeof wrapped>, Uint8Array | UserCodeException>>(true);
const kept = resize.map(images, undefined, { returnExceptions: true, wrapReturnedExceptions: false });
expectType<Equal<Item<typeof kept>, Uint8Array | Error>>(true);
declare const either: boolean;
const unknownly = resize.map(images, { returnExceptions: either });
expectType<Equal<Item<typeof unknownly>, Uint8Array | UserCodeException>>(true);

// @ts-expect-error a string is one input, not an iterable of characters
pair.map("abc", [1]);
resize.map(images, [{ width: 1 }, undefined]);
resize.map(new Set(images), repeat({ fit: "cover" }));
add.map([1, 2], numbers(), { maxOutstanding: 3, signal: new AbortController().signal });
add.map(numbers(), repeat(1));
sum.map([1], [2], [3], { orderOutputs: false });
maybe.map(["a", undefined]);
pair.map(["a"], [1]);
ping.starmap([[], []]);
add.starmap([
  [1, 2],
  [3, 4],
]);
add.starmap([[1, 2]] as const, { returnExceptions: true });
resize.starmap([[new Uint8Array()], [new Uint8Array(), { width: 2 }]]);
resize.forEach(images, { ignoreExceptions: true });
add.spawnMap([1], [2]);
const starWrapped = add.starmap([[1, 2]], { returnExceptions: true });
expectType<Equal<Item<typeof starWrapped>, number | UserCodeException>>(true);

// @ts-expect-error not an iterable
resize.map(new Date());
// @ts-expect-error items of the wrong type
resize.map(["a"]);
// @ts-expect-error second iterable missing
add.map([1]);
// @ts-expect-error items of the second iterable of the wrong type
add.map([1], ["2"]);
// @ts-expect-error too many iterables
add.map([1], [2], [3]);
// @ts-expect-error unknown option
resize.map(images, { order: false });
// @ts-expect-error unknown option
add.map([1], [2], { orderOutput: false });
// @ts-expect-error tuples too short
add.starmap([[1]]);
// @ts-expect-error wrong tuples
add.starmap([[1, "2"]]);
// @ts-expect-error map's option
resize.forEach(images, { orderOutputs: true });
// @ts-expect-error the item may be a failure
export const narrow: AsyncIterable<Uint8Array> = resize.map(images, { returnExceptions: true });

// ---- by name ----

tokenize.map(["a"]);
tokenize.map(["a"], ["en"]);
tokenize.map(["a"], { kwargs: { language: "en", lower: true } });
tokenize.map(["a"], ["en"], { kwargs: { lower: true }, orderOutputs: false });
tokenize.starmap([["a"]], { kwargs: { lower: true } });
tokenize.forEach(["a"], { kwargs: { lower: true } });
tokenize.spawnMap(["a"], { kwargs: { language: "en" } });
train.map([[1]], [2], { kwargs: { epochs: 3 } });
const named = tokenize.map(["a"], { kwargs: { lower: true }, returnExceptions: true });
expectType<Equal<Item<typeof named>, string[] | UserCodeException>>(true);

// @ts-expect-error missing: epochs
train.map([[1]], [2]);
// @ts-expect-error unknown name
tokenize.map(["a"], { kwargs: { lowr: true } });
// @ts-expect-error repeated: language
tokenize.map(["a"], ["en"], { kwargs: { language: "de" } });
// @ts-expect-error all its names are given by position
tokenize.map(["a"], ["en"], { kwargs: { text: "b" } });
relate.map(["a"], ["b"]);
relate.map(["a"], { kwargs: { right: "b" } });
// @ts-expect-error it has no such argument
relate.map(["a"], { kwargs: { centre: "b" } });
// @ts-expect-error nothing is left to be given by name
relate.map(["a"], ["b"], { kwargs: { centre: "b" } });
// @ts-expect-error nothing is left to be given by name
relate.starmap([["a", "b"]], { kwargs: { centre: "b" } });
// @ts-expect-error nothing is left to be given by name
relate.forEach(["a"], ["b"], { kwargs: { right: "c" } });
// @ts-expect-error an element next to a rest has no name
collect.map(["a"], { kwargs: { first: "b" } });
// @ts-expect-error an element next to a rest has no name
collect.remote("a", kwargs({ first: "b" }));
// @ts-expect-error TypeScript functions have no names for their arguments
add.map([1], [2], { kwargs: { b: 2 } });
relate.starmap([["a"]], { kwargs: { right: "b" } });

// ---- one object where an iterable is due ----

// @ts-expect-error repeat() is missing
resize.map(images, { width: 5 });
// @ts-expect-error repeat() is missing
fit.map(images, { width: 5 });
fit.map(images, repeat({ width: 5 }));
fit.map(images, [{ width: 5 }]);
fit.map(images, new Set([{ width: 5 }]));
// @ts-expect-error an option of another kind
fit.map(images, repeat({ width: "5" }));
