/**
 * The methods of a generic or overloaded function's stub. They match `Function<P, R>` in src/runtime/types.ts, but have the
 * author's own type parameters on each method, since the compiler cannot carry those through P and R.
 */
import {
  type CallSignature,
  isOptional,
  type ParameterSchema,
  printParameters,
  printTuple,
  printType,
  printTypeParameters,
  type TupleElement,
  type TypeParameterSchema,
  type TypeSchema,
} from "../schema/index.ts";
import { signatureDoc } from "./docs.ts";
import { byPosition, type NamedCall, printKeywords } from "./keywords.ts";
import { type Names, Scope } from "./names.ts";
import { markUnused, usedTypeParameters } from "./references.ts";

export interface GenericMember {
  /** `remote<T>(xs: T[], callOptions?: CallOptions): Promise<T>`. */
  text: string;
  doc?: string;
}

export function genericMembers(
  calls: readonly NamedCall[],
  isGenerator: boolean,
  { use, global }: Names,
): GenericMember[] {
  const helper = (name: string, ...typeArguments: TypeSchema[]): TypeSchema => ({
    kind: "global",
    name: use(name),
    typeArguments,
  });
  const each = (print: (call: Call) => string): GenericMember[] =>
    calls.map((call) => ({ text: print(new Call(call, helper, use)) }));
  const documented = (members: GenericMember[]) =>
    members.map((member, index) => ({ doc: REMOTE, ...member, ...docOf(calls[index]!) }));

  if (isGenerator) {
    const result = ({ returns }: Call) =>
      `${global("Generator")}<${returns}> | ${global("AsyncGenerator")}<${returns}>`;
    return [
      ...documented(
        each(
          (call) =>
            `remoteGen${call.generics}(${call.arguments}): ${global("AsyncGenerator")}<${call.returns}, void, void>`,
        ),
      ),
      ...described(
        LOCAL,
        each((call) => `local${call.generics}(${call.plain}): ${result(call)}`),
      ),
      rawFunction(each((call) => `${call.generics}(${call.plain}): ${result(call)}`)),
    ];
  }
  const promise = global("Promise");
  const functionCall = use("FunctionCall");
  const mapItem = use("MapItem");
  const result = (call: Call) => call.returnsOrPromise(promise);
  const items = (call: Call) =>
    `${global("AsyncIterableIterator")}<${mapItem}<${call.returns}, ${call.x}, ${call.w}>, undefined, void>`;
  return [
    ...documented(each((call) => `remote${call.generics}(${call.arguments}): ${promise}<${call.returns}>`)),
    ...described(
      LOCAL,
      each((call) => `local${call.generics}(${call.plain}): ${result(call)}`),
    ),
    rawFunction(each((call) => `${call.generics}(${call.plain}): ${result(call)}`)),
    ...described(
      "Runs remotely without waiting: resolves once the input is durable.",
      each((call) => `spawn${call.generics}(${call.arguments}): ${promise}<${functionCall}<${call.returns}>>`),
    ),
    ...described(
      "Runs once for each input: one iterable per parameter, together as long as the shortest.",
      each((call) => `map${call.mapGenerics}(${call.inputs(call.mapOptions)}): ${items(call)}`),
    ),
    ...described(
      "Like map; each input is the list of arguments.",
      each((call) => `starmap${call.mapGenerics}(${call.tuples(call.mapOptions)}): ${items(call)}`),
    ),
    ...described(
      "Runs once for each input and resolves when all are done.",
      each((call) => `forEach${call.inputGenerics}(${call.inputs(helper("ForEachOptions"))}): ${promise}<void>`),
    ),
    ...described(
      "Like map without waiting: resolves to one call of many inputs, once all are durable.",
      each(
        (call) =>
          `spawnMap${call.generics}(${call.inputs(helper("SpawnMapOptions"))}): ${promise}<${functionCall}<${call.returns}>>`,
      ),
    ),
  ];
}

/**
 * The method that callers write first, with the parameters as their author declared and documented them.
 * @param returns its printed type
 */
export function documentedMembers(
  call: CallSignature,
  returns: string,
  isGenerator: boolean,
  { use, global }: Names,
): GenericMember[] {
  const options: TypeSchema = { kind: "global", name: use("CallOptions"), typeArguments: [] };
  const parameters = printParameters(followedBy(byPosition(call), "callOptions", options));
  const text = isGenerator
    ? `remoteGen(${parameters}): ${global("AsyncGenerator")}<${returns}, void, void>`
    : `remote(${parameters}): ${global("Promise")}<${returns}>`;
  return [{ text, ...docOf(call) }];
}

function rawFunction(signatures: readonly GenericMember[]): GenericMember {
  const text = `getRawF(): { ${signatures.map(({ text }) => text).join("; ")} }`;
  return { text, doc: "@deprecated a stub has no definition and throws ExecutionError" };
}

const REMOTE = "Runs remotely. Rejects with what the function throws.";
const LOCAL = "@deprecated a stub has no definition and throws ExecutionError: call it remotely";

/** The method's documentation, if the author wrote none. */
function described(doc: string, members: readonly GenericMember[]): GenericMember[] {
  return members.map((member) => ({ doc, ...member }));
}

function docOf(call: CallSignature): { doc?: string } {
  const doc = signatureDoc(call);
  return doc ? { doc } : {};
}

/** One signature, printed in the forms that the methods need. */
class Call {
  readonly returns: string;
  readonly generics: string;
  /** Only those that the parameters use: an unused type parameter does not compile under noUnusedParameters. */
  readonly inputGenerics: string;
  /** With two more type parameters, for the values of `returnExceptions` and `wrapReturnedExceptions`. */
  readonly mapGenerics: string;
  readonly x: string;
  readonly w: string;
  readonly #i: string;
  readonly #returns: TypeSchema;
  readonly #parameters: readonly ParameterSchema[];
  /** Where arguments have names: P and K, from which the core's types compute the forms of a call. */
  readonly #named: { p: string; k: string } | undefined;
  readonly #helper: (name: string, ...typeArguments: TypeSchema[]) => TypeSchema;
  readonly #use: (helper: string) => string;

  constructor(
    call: NamedCall,
    helper: (name: string, ...typeArguments: TypeSchema[]) => TypeSchema,
    use: (helper: string) => string,
  ) {
    const own = markUnused(call.typeParameters ?? [], [call.parameters, call.returns]);
    const scope = new Scope(own.map(({ name }) => name));
    this.x = scope.claim("X");
    this.w = scope.claim("W");
    this.#i = scope.claim("I");
    this.generics = printTypeParameters(own);
    this.inputGenerics = printTypeParameters(usedTypeParameters(own, call.parameters));
    this.mapGenerics = printTypeParameters([...own, flag(this.x, false), flag(this.w, true)]);
    this.returns = printType(call.returns);
    this.#returns = call.returns;
    this.#parameters = byPosition(call);
    const k = printKeywords(call, use);
    this.#named = k === undefined ? undefined : { p: printTuple(this.#parameters), k };
    this.#helper = helper;
    this.#use = use;
  }

  /** `Promise<T> | T`. */
  returnsOrPromise(promise: string): string {
    const type = this.#returns;
    const members = type.kind === "union" ? type.members : [type];
    return printType({
      kind: "union",
      members: [{ kind: "global", name: promise, typeArguments: [type] }, ...members],
    });
  }

  /** A getter, so that a file imports the helper only if it uses it. */
  get mapOptions(): TypeSchema {
    const flags = [this.x, this.w].map((name): TypeSchema => ({ kind: "typeParameter", name }));
    return this.#helper("MapOptions", ...flags);
  }

  /** As the author wrote them. */
  get plain(): string {
    return printParameters(this.#parameters);
  }

  /** For `remote`: call options may follow, or take the place of optional arguments. */
  get arguments(): string {
    if (this.#named) return `...args: ${this.#use("Arguments")}<${this.#named.p}, ${this.#named.k}, true>`;
    return printParameters(followedBy(this.#parameters, "callOptions", this.#helper("CallOptions")));
  }

  /** For `map`: an iterable for each parameter. */
  inputs(options: TypeSchema): string {
    if (this.#named) return this.#mapInputs("MapInputs", options);
    const iterables = this.#parameters.map((parameter): ParameterSchema => {
      const { type, rest } = parameter;
      if (!rest)
        return { ...parameter, type: this.#helper("AnyIterable", isOptional(parameter) ? orUndefined(type) : type) };
      return { ...parameter, type: this.#iterables(type) };
    });
    return printParameters(followedBy(iterables, "mapOptions", options));
  }

  /** The iterables for a rest parameter's arguments. */
  #iterables(type: TypeSchema): TypeSchema {
    const iterable = (item: TypeSchema) => this.#helper("AnyIterable", item);
    if (type.kind === "array") return { kind: "array", element: iterable(type.element) };
    if (type.kind === "tuple") {
      const elements = type.elements.map((element): TupleElement => {
        if (element.rest) return { ...element, type: this.#iterables(element.type) };
        return { ...element, type: iterable(element.optional ? orUndefined(element.type) : element.type) };
      });
      return { kind: "tuple", elements };
    }
    const item = (index: TypeSchema): TypeSchema => ({ kind: "indexedAccess", object: type, index });
    // The compiler recognises a mapped type as a list only if it maps over a type parameter.
    if (type.kind !== "typeParameter") {
      return { kind: "array", element: iterable(item({ kind: "primitive", name: "number" })) };
    }
    const each = iterable(item({ kind: "typeParameter", name: this.#i }));
    return { kind: "mapped", parameter: this.#i, constraint: { kind: "keyof", type }, type: each };
  }

  /** For `starmap`. */
  tuples(options: TypeSchema): string {
    if (this.#named) return this.#mapInputs("StarmapInputs", options);
    const elements = this.#parameters.map((parameter): TupleElement => {
      const { name: label, type } = parameter;
      if (parameter.rest) return { label, type, rest: true };
      return isOptional(parameter) ? { label, type: orUndefined(type), optional: true } : { label, type };
    });
    const inputs: ParameterSchema = {
      name: "inputs",
      type: this.#helper("AnyIterable", { kind: "tuple", elements, readonly: true }),
    };
    return printParameters([inputs, { name: "mapOptions", type: options, optional: true }]);
  }

  #mapInputs(helper: string, options: TypeSchema): string {
    return `...inputs: ${this.#use(helper)}<${this.#named!.p}, ${printType(options)}, ${this.#named!.k}>`;
  }
}

/** Adds an optional parameter, which can also take the place of optional ones. */
function followedBy(parameters: readonly ParameterSchema[], name: string, type: TypeSchema): ParameterSchema[] {
  const or = (own: TypeSchema): TypeSchema => ({
    kind: "union",
    members: own.kind === "union" ? [...own.members, type] : [own, type],
  });
  const last = parameters.at(-1);
  const result = parameters.map((parameter): ParameterSchema => {
    if (!parameter.rest && isOptional(parameter)) return { ...parameter, type: or(parameter.type) };
    // Nothing can be declared after a rest parameter, so it may be among the rest.
    if (parameter.rest && parameter.type.kind === "array") {
      return { ...parameter, type: { ...parameter.type, element: or(parameter.type.element) } };
    }
    if (parameter.rest && parameter.type.kind === "tuple" && parameter.type.elements.every(({ rest }) => !rest)) {
      const { elements } = parameter.type;
      const isLabelled = elements.length === 0 || elements.every(({ label }) => label !== undefined);
      const options: TupleElement = { type, optional: true, ...(isLabelled && { label: name }) };
      return { ...parameter, type: { kind: "tuple", elements: [...elements, options] } };
    }
    return parameter;
  });
  if (last?.rest) return result;
  const free = new Scope(parameters.map((parameter) => parameter.name)).claim(name);
  return [...result, { name: free, type, optional: true }];
}

function flag(name: string, value: boolean): TypeParameterSchema {
  return { name, constraint: { kind: "primitive", name: "boolean" }, default: { kind: "literal", value } };
}

function orUndefined(type: TypeSchema): TypeSchema {
  const nothing: TypeSchema = { kind: "primitive", name: "undefined" };
  return { kind: "union", members: type.kind === "union" ? [...type.members, nothing] : [type, nothing] };
}
