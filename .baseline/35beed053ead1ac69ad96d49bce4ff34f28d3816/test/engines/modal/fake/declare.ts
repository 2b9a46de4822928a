/**
 * Functions that a test declares in TypeScript, as if they were Python: with the schema that Modal would have recorded,
 * and the code that the TypeScript container runs. For machines without Python.
 */
import { type FunctionDefinition, type FunctionMetadata, functionCodec, type Schema } from "./codecs.ts";
import { Format, FunctionType, Type } from "./values.ts";

/** What a declared function gets: values as CBOR has them, 64-bit integers as bigint. */
export interface ContainerCall {
  /** In a batch: for each parameter the list of its values. */
  args: unknown[];
  kwargs: Record<string, unknown>;
  /** The class's parameters. */
  instance: Record<string, unknown>;
  /** Aborts when the call is cancelled. */
  signal: AbortSignal;
  /** 0 at first, more after retries. */
  attempt: number;
  inputId: string;
  functionCallId: string;
  /** Writes to the function's logs. */
  print(line: string): void;
  /** Ends the container at once, as a crash does. */
  crash(): never;
}

/** A value, a promise, or for generators an iterable of either kind. */
export type Run = (call: ContainerCall) => unknown;

/** As Python writes it: `int`, `str`, `bool`, `bytes`, `list[int]`, `dict[str, int]`; others are unknown. */
export type PythonType = string;

export interface FunctionOptions {
  /** Name to type, or to type and default. */
  parameters?: Record<
    string,
    PythonType | { type: PythonType; default: string | number | boolean | Uint8Array | null }
  >;
  returns?: PythonType;
  /** Left out of the metadata, as for functions deployed by old clients. */
  schema?: false;
  retries?: number | { retries: number; initialDelayMs?: number; backoffCoefficient?: number; maxDelayMs?: number };
  timeoutSecs?: number;
  /** How many inputs a container runs at once. */
  concurrency?: number;
  maxContainers?: number;
  batch?: { maxSize: number; waitMs: number };
  /** Other fields of the metadata: `inputPlaneUrl`, `maxObjectSizeBytes`, `webUrl`, `supportedInputFormats`. */
  metadata?: FunctionMetadata;
}

export interface Method extends FunctionOptions {
  run: Run;
  generator: boolean;
}

export interface Declared extends Omit<Method, "run" | "generator"> {
  /** By name; a plain function is the method "". */
  methods: Record<string, Method>;
  isClass: boolean;
}

/** A plain function. */
export function fn(run: Run, options: FunctionOptions = {}): Declared {
  return { ...options, methods: { "": { ...options, run, generator: false } }, isClass: false };
}

/** A generator function: `run` returns an iterable. */
export function generator(run: Run, options: FunctionOptions = {}): Declared {
  return { ...options, methods: { "": { ...options, run, generator: true } }, isClass: false };
}

/** A method of a class: `method(({ args, instance }) => …)`. */
export function method(run: Run, options: FunctionOptions = {}): Method {
  return { ...options, run, generator: false };
}

export function generatorMethod(run: Run, options: FunctionOptions = {}): Method {
  return { ...options, run, generator: true };
}

/** A class whose `parameters` are `modal.parameter()`s. */
export function cls(methods: Record<string, Method>, options: FunctionOptions = {}): Declared {
  return { ...options, methods, isClass: true };
}

/** The definition that `modal deploy` would have sent. */
export function definitionOf(tag: string, declared: Declared): FunctionDefinition {
  const plain = declared.methods[""];
  const { batch } = declared;
  return functionCodec.fromPartial({
    functionName: tag,
    functionType: FunctionType.function,
    ...(plain && describe(plain)),
    isClass: declared.isClass,
    timeoutSecs: declared.timeoutSecs ?? 300,
    maxConcurrentInputs: declared.concurrency ?? 1,
    autoscalerSettings: { maxContainers: declared.maxContainers },
    retryPolicy: policyOf(declared),
    ...(batch && { batchMaxSize: batch.maxSize, batchLingerMs: batch.waitMs }),
    classParameterInfo: { format: declared.isClass ? 2 : 0, schema: declared.isClass ? classParameters(declared) : [] },
    methodDefinitionsSet: true,
    methodDefinitions: declared.isClass
      ? Object.fromEntries(
          Object.entries(declared.methods).map(([name, each]) => [
            name,
            { functionName: tag.replace("*", name), ...describe(each) },
          ]),
        )
      : {},
  });
}

/** What is recorded of a function or method; of a class as a whole it is not. */
function describe(declared: Method) {
  const formats = [Format.pickle, Format.cbor];
  return {
    functionType: declared.generator ? FunctionType.generator : FunctionType.function,
    functionSchema: schemaOf(declared),
    supportedInputFormats: formats,
    supportedOutputFormats: declared.generator ? [...formats, Format.generatorDone] : formats,
  };
}

function policyOf({ retries = 0 }: FunctionOptions) {
  if (retries === 0) return undefined;
  const given = typeof retries === "number" ? { retries } : retries;
  return { backoffCoefficient: 1, initialDelayMs: 0, maxDelayMs: 60_000, ...given };
}

function schemaOf(declared: FunctionOptions): Partial<Schema> | undefined {
  if (declared.schema === false) return undefined;
  // Whether there is a default is recorded, but not which.
  const parameters = parametersOf(declared).map(({ name, fullType, hasDefault }) => ({
    name,
    type: 0,
    fullType,
    hasDefault,
  }));
  return { schemaType: 1, arguments: parameters, returnType: payloadType(declared.returns ?? "Any") };
}

function classParameters(declared: FunctionOptions) {
  return parametersOf(declared).map(({ value, ...rest }) => ({
    ...rest,
    type: rest.fullType.baseType,
    stringDefault: typeof value === "string" ? value : undefined,
    intDefault: typeof value === "number" ? value : undefined,
    boolDefault: typeof value === "boolean" ? value : undefined,
    bytesDefault: value instanceof Uint8Array ? value : undefined,
  }));
}

function parametersOf({ parameters = {} }: FunctionOptions) {
  return Object.entries(parameters).map(([name, given]) => {
    const spec = typeof given === "string" ? { type: given } : given;
    const value = "default" in spec ? spec.default : undefined;
    return { name, value, hasDefault: value !== undefined, fullType: payloadType(spec.type) };
  });
}

type PayloadType = NonNullable<Schema["returnType"]>;

function payloadType(written: PythonType): PayloadType {
  const simple: Record<string, number> = {
    int: Type.int,
    str: Type.string,
    bool: Type.bool,
    bytes: Type.bytes,
    list: Type.list,
    dict: Type.dict,
  };
  const [, outer = written, inner] = /^(\w+)\[(.*)\]$/.exec(written) ?? [];
  const baseType = simple[outer] ?? Type.unknown;
  const subTypes = inner === undefined ? [] : inner.split(/,\s*(?![^[]*\])/).map(payloadType);
  return { baseType, subTypes };
}
