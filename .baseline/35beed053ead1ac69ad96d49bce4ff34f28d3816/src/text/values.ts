/** A value in words, for messages about values that user code returned. */
export function valueText(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (value instanceof Promise) return "a Promise";
  if (typeof value === "number" || typeof value === "bigint") return `${value}${typeof value === "bigint" ? "n" : ""}`;
  const text = jsonOf(value) ?? inspect(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A value of JSON in words, for messages that expected another kind of value. */
export function kindText(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : valueText(value);
}

/** A value that user code threw, in words. */
export function thrownText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : valueText(thrown);
}

/** Undefined for values that JSON cannot express: symbols, cycles, bigints and getters that throw, at any depth. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function inspect(value: unknown): string {
  return process.getBuiltinModule("node:util").inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
}
