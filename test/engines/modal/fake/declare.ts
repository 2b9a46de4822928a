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

/** As Python writes it: `int`, `str`, `bool`, `bytes`, `None`, `list[int]`, `dict[str, int]`; others are unknown. */
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

const FORMATS = {
  supportedInputFormats: [Format.pickle, Format.cbor],
  supportedOutputFormats: [Format.pickle, Format.cbor],
};

/** The definition that `modal deploy` would have sent. */
export function definitionOf(tag: string, declared: Declared): FunctionDefinition {
  const plain = declared.methods[""];
  const { batch } = declared;
  return functionCodec.fromPartial({
    ...FORMATS,
    functionName: tag,
    functionType: plain ? typeOf(plain) : FunctionType.function,
    isClass: declared.isClass,
    functionSchema: plain && schemaOf(plain),
    timeoutSecs: declared.timeoutSecs ?? 300,
    maxConcurrentInputs: declared.concurrency ?? 1,
    autoscalerSettings: { maxContainers: declared.maxContainers },
    retryPolicy: policyOf(declared),
    ...(batch && { batchMaxSize: batch.maxSize, batchLingerMs: batch.waitMs }),
    ...(declared.isClass && {
      classParameterInfo: { format: 2, schema: parametersOf(declared) },
      methodDefinitionsSet: true,
      methodDefinitions: Object.fromEntries(
        Object.entries(declared.methods).map(([name, each]) => [
          name,
          {
            ...FORMATS,
            functionName: tag.replace("*", name),
            functionType: typeOf(each),
            functionSchema: schemaOf(each),
          },
        ]),
      ),
    }),
  });
}

function policyOf({ retries = 0 }: FunctionOptions) {
  if (retries === 0) return undefined;
  const given = typeof retries === "number" ? { retries } : retries;
  return { backoffCoefficient: 1, initialDelayMs: 0, maxDelayMs: 60_000, ...given };
}

function typeOf({ generator: yields }: Method): number {
  return yields ? FunctionType.generator : FunctionType.function;
}

function schemaOf(declared: FunctionOptions): Partial<Schema> | undefined {
  if (declared.schema === false) return undefined;
  return { schemaType: 1, arguments: parametersOf(declared), returnType: payloadType(declared.returns ?? "Any") };
}

function parametersOf({ parameters = {} }: FunctionOptions): Schema["arguments"] {
  return Object.entries(parameters).map(([name, given]) => {
    const spec = typeof given === "string" ? { type: given } : given;
    const fullType = payloadType(spec.type);
    // A default's value is recorded only where the type is one of these; `hasDefault` always.
    const value = "default" in spec ? spec.default : undefined;
    return {
      name,
      type: fullType.baseType,
      hasDefault: value !== undefined,
      stringDefault: typeof value === "string" ? value : undefined,
      intDefault: typeof value === "number" ? value : undefined,
      boolDefault: typeof value === "boolean" ? value : undefined,
      bytesDefault: value instanceof Uint8Array ? value : undefined,
      fullType,
    };
  });
}

type PayloadType = NonNullable<Schema["returnType"]>;

function payloadType(written: PythonType): PayloadType {
  const simple: Record<string, number> = {
    int: Type.int,
    str: Type.string,
    bool: Type.bool,
    bytes: Type.bytes,
    None: Type.none,
    list: Type.list,
    dict: Type.dict,
  };
  const [, outer = written, inner] = /^(\w+)\[(.*)\]$/.exec(written) ?? [];
  const baseType = simple[outer] ?? Type.unknown;
  const subTypes = inner === undefined ? [] : inner.split(/,\s*(?![^[]*\])/).map(payloadType);
  return { baseType, subTypes };
}
