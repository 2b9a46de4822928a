/**
 * A small checker of JSON against a shape, for manifests alone. The library for this, zod, takes 100 ms to load and 400 ms for
 * a first manifest of 1,000 functions, which is more than generating all their stubs takes; this one takes a tenth.
 * Values are checked in place and never copied, so that `__proto__` and the like stay what they are: data.
 */
export type Check = (value: unknown, at: Place) => void;

/** Where the checker is, and what it has found. */
export class Place {
  readonly path: (string | number)[] = [];
  readonly problems: string[] = [];
  readonly #maxDepth: number;

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
  }

  problem(message: string): void {
    this.problems.push(`${this}: ${message}`);
  }

  into(key: string | number, value: unknown, check: Check): void {
    this.path.push(key);
    if (this.path.length > this.#maxDepth) this.problem(`is nested more than ${this.#maxDepth} levels deep`);
    else check(value, this);
    this.path.pop();
  }

  /** `functions[3].parameters[0].type`; a long one is cut in the middle. */
  toString(): string {
    let text = "";
    for (const key of this.path) {
      if (typeof key === "number") text += `[${key}]`;
      else text += text === "" ? key : `.${key}`;
    }
    return text.length > 200 ? `${text.slice(0, 120)} … ${text.slice(-60)}` : text;
  }
}

export const text: Check = (value, at) => {
  if (typeof value !== "string") at.problem(`expected a string, found ${describe(value)}`);
};

/** A string for which `accepts` holds; `complaint` follows the string in the message. */
export function textThat(accepts: (value: string) => boolean, complaint: string): Check {
  return (value, at) => {
    if (typeof value !== "string") at.problem(`expected a string, found ${describe(value)}`);
    else if (!accepts(value)) at.problem(`${describe(value)} ${complaint}`);
  };
}

export const natural: Check = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    at.problem(`expected a whole number, found ${describe(value)}`);
};

export const notNegative: Check = (value, at) => {
  if (typeof value !== "number" || !(value >= 0)) at.problem(`expected a number from 0, found ${describe(value)}`);
};

export const truth: Check = (value, at) => {
  if (typeof value !== "boolean") at.problem(`expected true or false, found ${describe(value)}`);
};

/** A flag is there and true, or absent. */
export const flag: Check = (value, at) => {
  if (value !== true) at.problem(`expected true or nothing, found ${describe(value)}`);
};

export function oneOf(names: readonly string[]): Check {
  const known = new Set<unknown>(names);
  return (value, at) => {
    if (!known.has(value)) at.problem(`${describe(value)} is none of ${names.join(", ")}`);
  };
}

export function list(item: Check): Check {
  return (value, at) => {
    if (!Array.isArray(value)) return at.problem(`expected an array, found ${describe(value)}`);
    for (let index = 0; index < value.length; index++) at.into(index, value[index], item);
  };
}

export const texts: Check = list(text);

/** Any keys, strings as values. */
export const textRecord: Check = (value, at) => {
  if (!isObject(value)) return at.problem(`expected an object, found ${describe(value)}`);
  for (const key of Object.keys(value)) at.into(key, value[key], text);
};

/** Fields that must be there, and fields that may be. Other fields are no concern of this version's. */
export function object(required: Record<string, Check>, optional: Record<string, Check> = {}): Check {
  const keys = [...Object.keys(required), ...Object.keys(optional)];
  const checks = [...Object.values(required), ...Object.values(optional)];
  const mandatory = Object.keys(required).length;
  return (value, at) => {
    if (!isObject(value)) return at.problem(`expected an object, found ${describe(value)}`);
    // By index: a first manifest is checked before the compiler has seen to loops over iterators.
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      const field = value[key];
      if (field !== undefined) at.into(key, field, checks[index]!);
      else if (index < mandatory) at.into(key, field, missing);
    }
  };
}

/** The shape depends on the field `kind`. */
export function kinds(shapes: Record<string, Check>): Check {
  const known = new Map(Object.entries(shapes));
  return (value, at) => {
    if (!isObject(value)) return at.problem(`expected an object, found ${describe(value)}`);
    const shape = typeof value.kind === "string" ? known.get(value.kind) : undefined;
    if (shape) shape(value, at);
    else
      at.into("kind", value.kind, (kind) => at.problem(`${describe(kind)} is none of ${[...known.keys()].join(", ")}`));
  };
}

export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  const literal = JSON.stringify(value) ?? typeof value;
  return literal.length > 60 ? `${literal.slice(0, 60)}…` : literal;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const missing: Check = (_, at) => at.problem("is missing");
