/** Stubs as in generated code, which the other files here call. */
import {
  type ErrorClass,
  type Function,
  type GeneratorFunction,
  type Keywords,
  type StubFactory,
  stubs,
} from "../../src/index.ts";

export interface ResizeOptions {
  width?: number;
  height?: number;
  fit?: "cover" | "contain";
}

const app: StubFactory = stubs({ app: "images", environment: "main", engine: "local:" });

export const resize: Function<[image: Uint8Array, options?: ResizeOptions], Uint8Array> = app.function("resize", "s1");
export const add: Function<[a: number, b: number], number> = app.function("add", "s2");
export const sum: Function<[first: number, ...rest: number[]], number> = app.function("sum", "s3");
export const ping: Function<[], void> = app.function("ping", "s4");
export const maybe: Function<[text: string | undefined], string | undefined> = app.function("maybe", "s5");
export const frames: GeneratorFunction<[video: Uint8Array, every?: number], Uint8Array> = app.generator("frames", "s6");
export const pair: Function<readonly [left: string, right?: number], [string, number]> = app.function("pair", "s7");

/** def tokenize(text: str, language: str = "en", *, lower: bool = False) */
export const tokenize: Function<
  [text: string, language?: string],
  string[],
  Keywords<["text", "language"], { lower?: boolean }>
> = app.function("tokenize", "s8");
/** def train(data: list[float], /, rate: float, *, epochs: int) */
export const train: Function<
  [data: number[], rate: number],
  number,
  Keywords<[null, "rate"], { epochs: number }>
> = app.function("train", "s9");
/** def log(*, level: str, message: str = "") */
export const log: Function<[], void, { level: string; message?: string }> = app.function("log", "s10");
/** def total(label: str, *values: float, scale: float = 1) */
export const total: Function<
  [label: string, ...values: number[]],
  number,
  Keywords<["label"], { scale?: number }>
> = app.function("total", "s11");
/** def weigh(label: str, *values: float, unit: str) */
export const weigh: Function<
  [label: string, ...values: number[]],
  number,
  Keywords<["label"], { unit: string }>
> = app.function("weigh", "s13");
export const join: Function<[separator?: string, ...parts: string[]], string> = app.function("join", "s12");
/** def relate(left: str, right: str = "") */
export const relate: Function<[left: string, right?: string], number, Keywords<["left", "right"]>> = app.function(
  "relate",
  "s14",
);
/** def collect(first: str, *rest: str) */
export const collect: Function<[first: string, ...rest: string[]], number, Keywords<["first"]>> = app.function(
  "collect",
  "s15",
);
export interface ImageError extends Error {
  readonly file: string;
}
export const ImageError: ErrorClass<ImageError> = app.error("ImageError");
export interface TooLarge extends ImageError {
  code: number;
  readonly limit?: number;
}
export const TooLarge: ErrorClass<TooLarge> = app.error("TooLarge", ImageError);
export interface Busy extends Error {}
export const Busy: ErrorClass<Busy> = app.error("Busy");
export const fit: Function<[image: Uint8Array, options: ResizeOptions], Uint8Array> = app.function("fit", "s16");
