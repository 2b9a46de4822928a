/**
 * The service definition and message codecs of the pinned npm SDK, for a server. The SDK keeps them to itself, so its
 * bundle is loaded once more with a line that exports them: no .proto file is copied, and the version is always the SDK's.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { ModalClient } from "modal";
import type { CallContext, Client, ServiceImplementation } from "nice-grpc";

/** The service definition's type, taken out of the SDK's client, whose bundle does not export it. */
export type Definition = ModalClient["cpClient"] extends Client<infer D, infer _> ? D : never;
/** All that a server of Modal's service implements, by the names of the SDK's client: `functionMap`. */
export type Service = ServiceImplementation<Definition>;
/** What one part of the fake implements. */
export type Handlers = Partial<Service>;
export type Method = keyof Service;
export type Request<M extends Method> = Parameters<Service[M]>[0];
type Answer<M extends Method> = Service[M] extends (...args: never) => infer R ? Awaited<R> : never;
/** What a handler returns: all fields are optional. */
export type Response<M extends Method> = Answer<M>;
export type Context = CallContext;

export type FunctionDefinition = NonNullable<Request<"functionCreate">["function"]>;
export type FunctionMetadata = NonNullable<Response<"functionGet">["handleMetadata"]>;
export type FunctionInput = NonNullable<Request<"functionPutInputs">["inputs"][number]["input"]>;
export type PutInputsItem = Request<"functionPutInputs">["inputs"][number];
export type PutOutputsItem = Request<"functionPutOutputs">["outputs"][number];
export type Result = NonNullable<PutOutputsItem["result"]>;
export type DataChunk = Request<"functionCallPutDataOut">["dataChunks"][number];
export type AppLayout = NonNullable<Response<"appGetLayout">["appLayout"]>;
export type MethodDefinition = FunctionDefinition["methodDefinitions"][string];
export type Schema = NonNullable<FunctionDefinition["functionSchema"]>;
export type Settings = NonNullable<Request<"functionUpdateSchedulingParams">["settings"]>;

/** One message's codec, as the SDK's generated code has it. */
export interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(input: Uint8Array, length?: number): T;
  fromPartial(partial: object): T;
}

/** The service as the SDK's generated code describes it. */
export interface RawDefinition {
  name: string;
  fullName: string;
  methods: Record<Method, RawMethod>;
}

export interface RawMethod {
  name: string;
  requestType: Codec<object>;
  responseType: Codec<object>;
  responseStream: boolean;
}

interface Bundle {
  definition: RawDefinition;
  classParameterSet: Codec<ParameterSet>;
  functionCodec: Codec<FunctionDefinition>;
}

/** Parameters of a class instance, as `FunctionBindParams` carries them. */
export interface ParameterSet {
  parameters: {
    name: string;
    type: number;
    stringValue?: string;
    intValue?: number | string;
    bytesValue?: Uint8Array;
    boolValue?: boolean;
  }[];
}

const url = `${import.meta.resolve("modal")}?codecs`;
registerHooks({
  load(specifier, context, next) {
    if (specifier !== url) return next(specifier, context);
    const source = readFileSync(fileURLToPath(url.slice(0, url.indexOf("?"))), "utf8");
    const exports =
      "export { ModalClientDefinition as definition, ClassParameterSet as classParameterSet, FunctionMessage as functionCodec };";
    return { format: "module", source: `${source}\n${exports}`, shortCircuit: true };
  },
});

const bundle: Bundle = await import(url);
export const { definition: rawDefinition, classParameterSet } = bundle;
/** For a client: nice-grpc makes of the generated description what the type says. */
export const definition = rawDefinition as unknown as Definition;
/** `modal.Function`'s own message: the definition that `modal deploy` sends. */
export const functionCodec: Codec<FunctionDefinition> = bundle.functionCodec;
