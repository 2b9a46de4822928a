/**
 * A small checker of JSON against a shape, only for manifests. The usual library, zod, takes 100 ms to load and 400 ms for
 * a first manifest of 1,000 functions, which is more than generating all their stubs takes; this one takes a tenth.
 * Values are checked in place and never copied, so that `__proto__` and the like remain plain data.
 */
import { kindText } from "../../text/index.ts";
import type { JsonSchema } from "../json-types.ts";

export interface Shape {
  (value: unknown, at: Place): void;
  /** The same for readers in other languages. */
  readonly schema: JsonSchema;
}

export function shape(check: (value: unknown, at: Place) => void, schema: JsonSchema): Shape {
  return Object.assign(check, { schema });
}

/** Where the checker is, and what it has found. */
export class Place {
  readonly #path: (string | number)[] = [];
  /** How much of the path is in use: setting its items takes less time than pushing and popping them. */
  #depth = 0;
  readonly problems: string[] = [];
  readonly #maxDepth: number;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  problem(message: string): void {
    this.problems.push(`${this}: ${message}`);
  }

  into(key: string | number, value: unknown, check: (value: unknown, at: Place) => void): void {
    this.#path[this.#depth++] = key;
    if (this.#depth > this.#maxDepth) this.problem(`is nested more than ${this.#maxDepth} levels deep`);
    else check(value, this);
    this.#depth--;
  }

  /** `functions[3].parameters[0].type`; a long one is cut in the middle. */
  toString(): string {
    let text = "";
    for (const key of this.#path.slice(0, this.#depth)) {
      if (typeof key === "number") text += `[${key}]`;
      else text += text === "" ? key : `.${key}`;
    }
    return text.length > 200 ? `${text.slice(0, 120)} … ${text.slice(-60)}` : text;
  }
}

export const text = shape(
  (value, at) => {
    if (typeof value !== "string") at.problem(`expected a string, found ${kindText(value)}`);
  },
  { type: "string" },
);

export function constant(wanted: string | number): Shape {
  return shape(
    (value, at) => {
      if (value !== wanted) at.problem(`expected ${JSON.stringify(wanted)}, found ${kindText(value)}`);
    },
    { const: wanted },
  );
}

/** A string for which `accepts` holds; `complaint` follows the string in the message, `schema` is the part that JSON Schema can express. */
export function textThat(accepts: (value: string) => boolean, complaint: string, schema: JsonSchema = {}): Shape {
  return shape(
    (value, at) => {
      if (typeof value !== "string") at.problem(`expected a string, found ${kindText(value)}`);
      else if (!accepts(value)) at.problem(`${kindText(value)} ${complaint}`);
    },
    { type: "string", ...schema },
  );
}

export const natural = shape(
  (value, at) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0)
      at.problem(`expected a whole number, found ${kindText(value)}`);
  },
  { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
);

export const notNegative = shape(
  (value, at) => {
    if (typeof value !== "number" || !(value >= 0)) at.problem(`expected a number from 0, found ${kindText(value)}`);
  },
  { type: "number", minimum: 0 },
);

export const truth = shape(
  (value, at) => {
    if (typeof value !== "boolean") at.problem(`expected true or false, found ${kindText(value)}`);
  },
  { type: "boolean" },
);

/** A flag is there and true, or absent. */
export const flag = shape(
  (value, at) => {
    if (value !== true) at.problem(`expected true or nothing, found ${kindText(value)}`);
  },
  { const: true },
);

export function oneOf(names: readonly string[]): Shape {
  const known = new Set<unknown>(names);
  return shape(
    (value, at) => {
      if (!known.has(value)) at.problem(`${kindText(value)} is not one of ${names.join(", ")}`);
    },
    { enum: [...names] },
  );
}

export function list(item: Shape): Shape {
  return shape(
    (value, at) => {
      if (!Array.isArray(value)) return at.problem(`expected an array, found ${kindText(value)}`);
      for (let index = 0; index < value.length; index++) at.into(index, value[index], item);
    },
    { type: "array", items: item.schema },
  );
}

export const texts: Shape = list(text);

/** Any keys, strings as values. */
export const textRecord = shape(
  (value, at) => {
    if (!isObject(value)) return at.problem(`expected an object, found ${kindText(value)}`);
    for (const key of Object.keys(value)) at.into(key, value[key], text);
  },
  { type: "object", additionalProperties: text.schema },
);

/** Fields that must be there, and fields that may be. Other fields are ignored. */
export function object(required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape {
  const known = new Map(Object.entries({ ...required, ...optional }));
  const mandatory = Object.keys(required);
  const properties = Object.fromEntries([...known].map(([key, check]) => [key, check.schema]));
  const schema: JsonSchema = { type: "object", properties, required: mandatory };
  return shape((value, at) => {
    if (!isObject(value)) return at.problem(`expected an object, found ${kindText(value)}`);
    for (let index = 0; index < mandatory.length; index++) {
      const key = mandatory[index]!;
      if (value[key] === undefined) at.into(key, undefined, missing);
    }
    // Those that are there: most objects have few of the fields that they may have.
    for (const key in value) {
      const field = value[key];
      const check = known.get(key);
      // Most fields are strings: only one that is wrong needs its place.
      if (check && field !== undefined && !(check === text && typeof field === "string")) at.into(key, field, check);
    }
  }, schema);
}

/** The shape depends on the field `kind`. */
export function kinds(shapes: Record<string, Shape>): Shape {
  const known = new Map(Object.entries(shapes));
  const schema: JsonSchema = {
    type: "object",
    required: ["kind"],
    anyOf: [...known].map(([kind, { schema }]) => ({
      ...schema,
      properties: { kind: { const: kind }, ...(schema.properties as object) },
    })),
  };
  return shape((value, at) => {
    if (!isObject(value)) return at.problem(`expected an object, found ${kindText(value)}`);
    const check = typeof value.kind === "string" ? known.get(value.kind) : undefined;
    if (check) check(value, at);
    else
      at.into("kind", value.kind, (kind) =>
        at.problem(`${kindText(kind)} is not one of ${[...known.keys()].join(", ")}`),
      );
  }, schema);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function missing(_: unknown, at: Place): void {
  at.problem("is missing");
}
