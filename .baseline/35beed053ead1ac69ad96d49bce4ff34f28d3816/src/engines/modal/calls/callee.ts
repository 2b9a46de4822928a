/** What a call goes to: the function's id, for a method that of its class with these parameters, and how to write its inputs. */
import type { FunctionRef } from "../../../engine/index.ts";
import { UnsupportedError } from "../../../runtime/errors.ts";
import type { FunctionSchema } from "../../../schema/index.ts";
import type { Deployment, Deployments } from "../apps/deployments.ts";
import { metadataOf } from "../apps/layout.ts";
import type { Metadata } from "../apps/metadata.ts";
import type { Session } from "../client.ts";
import { decodeInstance } from "../codec/index.ts";
import { Format, PROTO_PARAMETERS } from "../values.ts";
import { encodeParameters } from "./parameters.ts";

export interface Callee {
  functionId: string;
  /** Of a method. */
  methodName: string | undefined;
  schema: FunctionSchema;
  deployment: Deployment;
  /** It converts arguments and result when asked to. */
  typed: boolean;
  /** Its own server for inputs, where it has one. */
  inputPlane: { url: string; region: string } | undefined;
  /** Larger payloads are blobs. */
  maxBytes: number;
  maxAsyncBytes: number;
}

const MAX_BYTES = 2 * 1024 * 1024;
const MAX_ASYNC_BYTES = 8 * 1024;

export class Callees {
  readonly #session: Session;
  readonly #deployments: Deployments;
  /** Ids of classes with parameters, by class id and instance. */
  readonly #bound = new Map<string, Promise<string>>();

  constructor(session: Session, deployments: Deployments) {
    this.#session = session;
    this.#deployments = deployments;
  }

  /** Rejects with NotFoundError, SignatureMismatchError, InvalidError. */
  async find(ref: FunctionRef, maxAgeMs: number): Promise<Callee> {
    const { deployment, schema } = await this.#deployments.find(ref, maxAgeMs);
    const tag = schema.class === undefined ? schema.name : `${schema.class}.*`;
    // A function of the manifest comes from the layout.
    const { functionId, metadata } = deployment.layout.get(tag)!;
    const methodName = schema.class === undefined ? undefined : schema.name.slice(schema.class.length + 1);
    const own = methodName === undefined ? metadata : (metadata.methodHandleMetadata[methodName] ?? metadata);
    const { inputPlaneUrl, inputPlaneRegion = "" } = own.inputPlaneUrl ? own : metadata;
    return {
      functionId: await this.#bind(ref, schema, { functionId, metadata }),
      methodName,
      schema,
      deployment,
      typed: deployment.typed.has(schema.name),
      inputPlane: inputPlaneUrl ? { url: inputPlaneUrl, region: inputPlaneRegion } : undefined,
      maxBytes: metadata.maxObjectSizeBytes ?? MAX_BYTES,
      maxAsyncBytes: metadata.maxAsyncObjectSizeBytes ?? MAX_ASYNC_BYTES,
    };
  }

  /** Without parameters, the class's own function runs the methods. */
  async #bind(
    { instance, environment: environmentName, app }: FunctionRef,
    schema: FunctionSchema,
    { functionId, metadata }: { functionId: string; metadata: Metadata },
  ): Promise<string> {
    if (instance === undefined || schema.class === undefined) return functionId;
    const [given] = decodeInstance(instance).args;
    const { classParameterInfo } = metadata;
    const specs = classParameterInfo?.schema ?? [];
    if (specs.length > 0 && classParameterInfo?.format !== PROTO_PARAMETERS) {
      throw new UnsupportedError(
        `the class ${app}/${schema.class} has a constructor of its own, which takes pickled values`,
        {
          hint: "Declare its parameters with `modal.parameter()`, and deploy it again.",
        },
      );
    }
    const serializedParams = encodeParameters(`${app}/${schema.class}`, given, specs);
    if (Object.keys(given).length === 0) return functionId;
    const key = `${functionId} ${instance}`;
    let bound = this.#bound.get(key);
    if (!bound) {
      const request = { functionId, serializedParams, environmentName };
      bound = this.#session.ask(
        async (rpc, options) => (await rpc.functionBindParams(request, options)).boundFunctionId,
      );
      this.#bound.set(key, bound);
      bound.catch(() => this.#bound.delete(key));
    }
    return bound;
  }

  /** After Modal has not found a function's id: it is looked up again. */
  forget(ref: FunctionRef): void {
    this.#deployments.forget(ref);
    this.#bound.clear();
  }
}

/** Throws UnsupportedError for a function that takes pickled arguments only. */
export function checkFormat({ deployment, schema }: Callee): void {
  const { layout, app } = deployment;
  const formats = metadataOf(layout, schema)?.supportedInputFormats ?? [];
  if (formats.includes(Format.cbor)) return;
  throw new UnsupportedError(`${app}/${schema.name} takes pickled arguments only, which other languages cannot write`, {
    hint: "It was deployed with an old client: deploy it again with the Python package modal 1.2 or newer.",
  });
}
