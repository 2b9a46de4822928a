/** The functions that exist on the fake, with their definitions, queues and containers, and the RPCs about one function. */
import { createHash } from "node:crypto";
import { ServerError, Status } from "nice-grpc";
import type { FunctionDefinition, FunctionMetadata, Handlers, MethodDefinition } from "./codecs.ts";
import type { Declared } from "./declare.ts";
import type { Fn } from "./model.ts";
import { makeId } from "./values.ts";

export class Functions {
  readonly all = new Map<string, Fn>();
  /** Given to every function's metadata, where a test wants calls to take the input plane or other limits. */
  metadata: Partial<FunctionMetadata> = {};

  need(functionId: string): Fn {
    const fn = this.all.get(functionId);
    if (!fn) throw new ServerError(Status.NOT_FOUND, `Function ${functionId} not found`);
    return fn;
  }

  /** The function of that id, made when it is new. */
  obtain(functionId: string | undefined, appId: string, tag: string): Fn {
    const id = functionId || makeId("fu");
    const known = this.all.get(id);
    if (known) return known;
    const fn: Fn = {
      id,
      appId,
      tag,
      metadata: {},
      definition: undefined,
      raw: undefined,
      declared: undefined,
      params: undefined,
      baseId: undefined,
      queue: [],
      containers: new Set(),
      settings: {},
    };
    this.all.set(id, fn);
    return fn;
  }

  /** Puts a new definition in force, also for the class's bound variants. */
  define(fn: Fn, definition: FunctionDefinition, source: { raw?: Uint8Array; declared?: Declared }): void {
    for (const each of [fn, ...this.#boundOf(fn)]) {
      each.definition = definition;
      each.raw = source.raw;
      each.declared = source.declared;
      each.metadata = this.describe(fn, definition, source.declared);
      each.settings = { ...definition.autoscalerSettings };
    }
  }

  #boundOf(fn: Fn): Fn[] {
    return [...this.all.values()].filter(({ baseId }) => baseId === fn.id);
  }

  /** A function and the bound variants of its class. */
  family(functionId: string): Fn[] {
    const fn = this.need(functionId);
    return [fn, ...this.#boundOf(fn)];
  }

  describe(fn: Fn, definition: Partial<FunctionDefinition>, declared?: Declared): FunctionMetadata {
    const methods = Object.entries(definition.methodDefinitions ?? {});
    return {
      functionName: fn.tag,
      ...(definition.functionType !== undefined && { functionType: definition.functionType }),
      webUrl: webUrlOf(fn, fn.tag, definition),
      definitionId: `de-${hash(fn.raw ?? JSON.stringify(definition))}`,
      classParameterInfo: definition.classParameterInfo,
      functionSchema: definition.functionSchema,
      supportedInputFormats: definition.supportedInputFormats ?? [],
      supportedOutputFormats: definition.supportedOutputFormats ?? [],
      appId: fn.appId,
      methodHandleMetadata: Object.fromEntries(
        methods.map(([name, method]) => {
          const own = { ...this.metadata, ...declared?.methods[name]?.metadata };
          const webUrl = webUrlOf(fn, fn.tag.replace("*", name), method);
          return [name, { ...describeMethod(name, method), webUrl, appId: fn.appId, ...own }];
        }),
      ),
      ...this.metadata,
      ...declared?.metadata,
    };
  }

  readonly rpcs = {
    functionGetById: async ({ functionId }) => ({ handleMetadata: this.need(functionId).metadata }),
    functionBindParams: async ({ functionId, serializedParams }) => {
      const base = this.need(functionId);
      const boundId = `fu-${hash(`${base.id} ${Buffer.from(serializedParams).toString("hex")}`)}`;
      const { metadata, definition, raw, declared, settings } = base;
      const bound = this.obtain(boundId, base.appId, base.tag);
      if (!bound.baseId) {
        const params = Buffer.from(serializedParams);
        Object.assign(bound, {
          metadata,
          definition,
          raw,
          declared,
          params,
          baseId: base.id,
          settings: { ...settings },
        });
      }
      return { boundFunctionId: bound.id, handleMetadata: base.metadata };
    },
    functionGetCurrentStats: async ({ functionId }) => {
      const fn = this.need(functionId);
      const containers = [...fn.containers];
      return {
        backlog: fn.queue.length,
        numTotalTasks: containers.length,
        numRunningInputs: containers.reduce((sum, container) => sum + container.running.size, 0),
        inputHeadroom: 1000,
      };
    },
    functionUpdateSchedulingParams: async ({ functionId, settings }) => {
      const fn = this.need(functionId);
      const given = Object.entries(settings ?? {}).filter(([, value]) => value !== undefined);
      Object.assign(fn.settings, Object.fromEntries(given));
      return { currentSettings: fn.settings };
    },
    functionGetDynamicConcurrency: async ({ targetConcurrency }) => ({ concurrency: targetConcurrency }),
  } satisfies Handlers;
}

function webUrlOf(
  { appId }: Fn,
  name: string,
  { webhookConfig }: Pick<Partial<FunctionDefinition>, "webhookConfig">,
): string {
  return webhookConfig?.type ? `https://fake--${appId}-${name}.modal.run` : "";
}

function describeMethod(name: string, method: MethodDefinition): FunctionMetadata {
  return {
    functionName: method.functionName,
    functionType: method.functionType,
    isMethod: true,
    useMethodName: name,
    functionSchema: method.functionSchema,
    supportedInputFormats: method.supportedInputFormats,
    supportedOutputFormats: method.supportedOutputFormats,
  };
}

/** A function as its variants (one for each GPU) have it: what they have in common, and each. */
export function dataOf(definition: FunctionDefinition) {
  const { moduleName, functionName, functionType, timeoutSecs, isClass, isServer, webUrl } = definition;
  const { webhookConfig, methodDefinitions, classParameterInfo, autoscalerSettings } = definition;
  const of = { moduleName, functionName, functionType, timeoutSecs, isClass, isServer, webUrl };
  const shared = { ...of, webhookConfig, methodDefinitions, classParameterInfo, autoscalerSettings };
  return { ...shared, rankedFunctions: [{ function: definition }] };
}

export function hash(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 16);
}
