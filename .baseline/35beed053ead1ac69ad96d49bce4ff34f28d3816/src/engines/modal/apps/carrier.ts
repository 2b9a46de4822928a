/**
 * The types that `farcall.publish(app)` sends with a deploy: JSON, compressed, in the defaults of the parameters of classes that
 * nobody calls. They come with the app's layout, so reading them starts no container.
 */
import { inflateSync } from "node:zlib";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import type { ClassSchema, Declaration, FunctionSchema } from "../../../schema/index.ts";
import type { Metadata } from "./metadata.ts";

/** The format that is read. */
const FORMAT = 1;
const CARRIER = /^FarcallManifest(\d*)\./;

export type PublishedFunction = Omit<FunctionSchema, "options" | "signature"> & {
  /** Converts its arguments and its result when asked to. */
  typed?: true;
};

export interface Published {
  farcall: typeof FORMAT;
  doc?: string;
  declarations: Declaration[];
  functions: PublishedFunction[];
  classes?: Omit<ClassSchema, "signature">[];
}

/** Whether a tag is one of the helper's own classes. */
export function isCarrier(tag: string): boolean {
  return CARRIER.test(tag);
}

/** The first carrier's tag: an app with types has it. */
export const FIRST_CARRIER = "FarcallManifest.*";

export function nextCarrier(count: number): string {
  return `FarcallManifest${count}.*`;
}

/** Undefined where the app was deployed without the helper. Throws EngineUnavailableError for another format. */
export function readCarrier(app: string, tags: ReadonlyMap<string, Metadata>): Published | undefined {
  const carriers = [...tags].filter(([tag]) => isCarrier(tag) && tag.endsWith(".*"));
  if (carriers.length === 0) return undefined;
  carriers.sort(([a], [b]) => numberIn(CARRIER.exec(a)?.[1]) - numberIn(CARRIER.exec(b)?.[1]));
  const parts = carriers.flatMap(([, { classParameterInfo }]) =>
    (classParameterInfo?.schema ?? [])
      .toSorted((a, b) => numberIn(/\d+/.exec(a.name)?.[0]) - numberIn(/\d+/.exec(b.name)?.[0]))
      .map(({ stringDefault }) => stringDefault ?? ""),
  );
  let published: { farcall?: unknown };
  try {
    published = JSON.parse(inflateSync(fromBase85(parts.join(""))).toString());
  } catch (cause) {
    throw new EngineUnavailableError(`the types that app ${app} was deployed with cannot be read`, {
      cause,
      hint: "Deploy it again with `modal deploy`.",
    });
  }
  if (published.farcall === FORMAT) return published as Published;
  throw new EngineUnavailableError(`the types of app ${app} are in format ${published.farcall}, not ${FORMAT}`, {
    hint: "Use versions of farcall in Python and in npm that belong together.",
  });
}

function numberIn(digits: string | undefined): number {
  return digits ? Number(digits) : 0;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const DIGITS = new Map([...ALPHABET].map((letter, value) => [letter, value]));

/** Python's b85: five letters are four bytes; a short last group is filled up with the last letter. */
function fromBase85(letters: string): Buffer {
  const bytes = Buffer.alloc(Math.ceil((letters.length * 4) / 5) + 4);
  let at = 0;
  for (let start = 0; start < letters.length; start += 5) {
    let value = 0;
    for (let offset = 0; offset < 5; offset++) value = value * 85 + (DIGITS.get(letters[start + offset] ?? "~") ?? 84);
    bytes.writeUInt32BE(value % 2 ** 32, at);
    at += Math.min(5, letters.length - start) - 1;
  }
  return bytes.subarray(0, at);
}
