/**
 * Codecs of apps: types that the wire does not know become data of types that it knows. Both sides have the codec: the app by its
 * option `codecs`, a program that calls by `configure({ codecs })`. The name goes over the wire with each value.
 */
import { InvalidError } from "./errors.ts";

/** How values of a class cross the wire. Made by `codec()`. */
export interface Codec<T, W, N extends string = string, F extends string = string> {
  /** What the type is called on the wire: one name for one format, in all apps. */
  readonly name: N;
  /** The class; instances of classes that extend it arrive as instances of it. */
  readonly class: { readonly prototype: unknown };
  encode(value: T): W;
  decode(encoded: W): T;
  /** The package from which callers import the class's type. */
  readonly from?: F | undefined;
}

export type AnyCodec = Codec<unknown, unknown>;

/** What a class makes, also one whose constructor is private. */
export type InstanceOf<C> = C extends abstract new (
  ...args: never
) => infer T
  ? T
  : C extends { readonly prototype: infer T }
    ? T
    : never;

/**
 * Defines how values of a class cross the wire: `encode` gives data of types that cross, such as a string, and `decode` makes the value
 * again. The type of what `encode` returns is checked at deploy, like that of a parameter. `from` is the package from which
 * callers import the type; by default that from which the app's own modules import it. Throws InvalidError for what is not a class.
 */
export function codec<
  C extends { readonly prototype: unknown },
  W,
  const N extends string,
  const F extends string = never,
>(definition: {
  name: N;
  class: C;
  encode: (value: InstanceOf<C>) => W;
  decode: (encoded: NoInfer<W>) => InstanceOf<C>;
  from?: F;
}): Codec<InstanceOf<C>, W, N, F> {
  check(definition);
  return definition;
}

function check(given: unknown): asserts given is AnyCodec {
  const { name, class: of, encode, decode } = (given ?? {}) as Partial<AnyCodec>;
  const isWhole =
    typeof name === "string" &&
    typeof of === "function" &&
    typeof encode === "function" &&
    typeof decode === "function";
  const prototype: unknown = isWhole ? of.prototype : undefined;
  if (isWhole && name !== "" && typeof prototype === "object" && prototype !== null && prototype !== Object.prototype)
    return;
  const label = typeof name === "string" && name !== "" ? `codec "${name}"` : "a codec";
  throw new InvalidError(`${label} needs a name, a class, encode() and decode()`, {
    hint: 'Write `codec({ name: "decimal", class: Decimal, encode: String, decode: (text: string) => new Decimal(text) })`.',
  });
}

const byName = new Map<string, AnyCodec>();
const byPrototype = new Map<object, AnyCodec>();

/** Makes codecs known to this program; one of a name that is known takes its place. Throws InvalidError for what is not a codec. */
export function registerCodecs(codecs: readonly AnyCodec[]): void {
  if (!Array.isArray(codecs)) throw new InvalidError("codecs must be a list", { hint: "Write `codecs: [decimal]`." });
  for (const one of codecs) check(one);
  for (const one of codecs as readonly AnyCodec[]) {
    byName.set(one.name, one);
    byPrototype.set(one.class.prototype as object, one);
  }
}

export function codecNamed(name: string): AnyCodec | undefined {
  return byName.get(name);
}

/** That of the class, or of the nearest that it extends. */
export function codecFor(prototype: object): AnyCodec | undefined {
  if (byPrototype.size === 0) return undefined;
  for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at)) {
    const found = byPrototype.get(at);
    if (found) return found;
  }
  return undefined;
}
