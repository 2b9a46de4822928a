/** A small app with a function for each way in which a function can behave. Tests deploy it; it must not change lightly. */
import { setTimeout as sleep } from "node:timers/promises";
import { App, context, isRemote, Function as RemoteFunction } from "farcall";
import { BrokenNumber, digits } from "./numbers.ts";

export const app = new App("arithmetic");

/** Adds two numbers. */
export const add = app.function(function add(a: number, b: number): number {
  return a + b;
});

/** Answers after a while. */
export const slow = app.function(
  async function slow(value: string, ms = 20): Promise<string> {
    await sleep(ms, undefined, { signal: context().signal });
    return value;
  },
  { concurrency: { maxInputs: 4 } },
);

/** Throws an error of a class of its own, with a cause. */
export const fail = app.function(async function fail(message: string): Promise<never> {
  await sleep(1);
  throw new BrokenNumber(message, digits(message), { cause: new RangeError("the cause") });
});

/** Counts up from 1. Writes a line when it is left, so that tests can see its `finally`. */
export const countTo = app.function(async function* countTo(limit: number): AsyncGenerator<number> {
  try {
    for (let i = 1; i <= limit; i++) yield i;
  } finally {
    console.log(`countTo(${limit}) left`);
  }
});

/** The same, synchronous. */
export const countToNow = app.function(function* countToNow(limit: number): Generator<number> {
  try {
    for (let i = 1; i <= limit; i++) yield i;
  } finally {
    console.log(`countToNow(${limit}) left`);
  }
});

export interface Everything {
  text: string;
  number: number;
  big: bigint;
  flag: boolean;
  nothing: null;
  missing?: string;
  at: Date;
  map: Map<string, number[]>;
  set: Set<string>;
  pattern: RegExp;
  link: URL;
  bytes: Uint8Array;
  floats: Float64Array;
  buffer: ArrayBuffer;
  error: Error;
  tuple: [id: number, name: string];
  kind: { type: "circle"; radius: number } | { type: "square"; side: number };
}

/** Gives back what it gets: a value of every type that can cross the wire. */
export const echo = app.function(function echo(value: Everything): Everything {
  return value;
});

/** Ends the container in the middle of an input. */
export const crash = app.function(async function crash(code: number): Promise<void> {
  process.exit(code);
});

/** Prints on both streams. */
export const print = app.function(async function print(text: string): Promise<void> {
  console.log(text);
  await sleep(1);
  console.error(`again: ${text}`);
});

/** Calls another function of the same app, in another container. */
export const sum = app.function(async function sum(numbers: readonly number[]): Promise<number> {
  const add = RemoteFunction.fromName<[number, number], number>("arithmetic", "add");
  let total = 0;
  for (const number of numbers) total = await add.remote(total, number);
  return total;
});

export interface Where {
  remote: boolean;
  callId: string;
  inputId: string;
  attempt: number;
  function: string;
}

/** What the container knows about the call. */
export const where = app.function(async function where(): Promise<Where> {
  const { callId, inputId, attempt, function: name, progress } = context();
  progress(0.5, "half way");
  return { remote: isRemote(), callId, inputId, attempt, function: name };
});

/** Rejects a promise that nobody handles, then goes on. */
export const forget = app.function(async function forget(): Promise<string> {
  void Promise.reject(new Error("nobody handles this"));
  await sleep(50);
  return "went on";
});

/** Throws where nobody can catch: in a timer. */
export const explode = app.function(async function explode(): Promise<string> {
  setTimeout(() => {
    throw new Error("thrown in a timer");
  }, 1);
  await sleep(1_000);
  return "went on";
});

/** Never gives the event loop a turn again. */
export const spin = app.function(function spin(): void {
  for (;;);
});
