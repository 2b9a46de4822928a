/** What each request of a client does. */
import type { AutoscalerSettings, DeployRequest, Failure, FunctionRef } from "../../../../engine/index.ts";
import { InvalidError } from "../../../../runtime/errors.ts";
import { type AttachMessage, FromHost, type Requests } from "../../protocol.ts";
import { asFailure } from "../failures.ts";
import type { Services } from "../services.ts";
import { checkAppRef, checkFunctionRef, checkRange, type Fields, fields, optional, string } from "./messages.ts";

/** The client that asks, as requests and subscriptions see it. */
export interface Client {
  /** Enough is on its way that nothing more should be read from disk for it. */
  readonly full: boolean;
  write(type: number, call: number, index: number, payload?: Uint8Array, flags?: number): void;
  json(type: number, call: number, value: unknown): void;
  refuse(number: number, failure: Failure): void;
  flush(): void;
  /** Sends the outputs that are there, then calls back. Throws when there is no such call. */
  poll(number: number, message: AttachMessage, onDone: () => void): void;
  /** Calls back once, when the client has taken some of what made it full. */
  onRoom(listener: () => void): void;
  offRoom(listener: () => void): void;
}

export interface Asked {
  services: Services;
  client: Client;
  /** The client's number for the request. */
  number: number;
  params: Fields;
}

/** Replies now or later. Throws the error to refuse the request with, or ProtocolError to close the connection. */
type Handler<M extends keyof Requests> = (asked: Asked, reply: (result: Requests[M]["result"]) => void) => void;

const HANDLERS: { readonly [M in keyof Requests]: Handler<M> } = {
  listApps: ({ services, params }, reply) => {
    optional(params, "environment", "string");
    reply(services.registry.listApps(params["environment"] as string | undefined));
  },
  getManifest,
  resolve: ({ services, params }, reply) => {
    const resolved = services.registry.resolve(checkFunctionRef<FunctionRef>(params));
    const webUrl = services.webUrl(resolved);
    const nextRunAt = services.nextRunAt(resolved);
    reply({ ...resolved, ...(webUrl !== undefined && { webUrl }), ...(nextRunAt !== undefined && { nextRunAt }) });
  },
  deploy: ({ services, client, number, params }, reply) => {
    fields(params["manifest"], "a manifest");
    fields(params["artifact"], "an artifact");
    fields(params["secrets"], "the secrets of a deploy");
    if (params["origin"] !== undefined) fields(params["origin"], "the origin of a deploy");
    // The host parses the manifest, and the registry checks the rest.
    services
      .deploy(params as unknown as DeployRequest)
      .then(reply, (error: unknown) => client.refuse(number, asFailure(error)));
  },
  history: ({ services, params }, reply) => reply(services.registry.history(checkAppRef(params))),
  rollback: ({ services, client, number, params }, reply) => {
    optional(params, "user", "string");
    // An AppRef with its version, which the registry looks for.
    const to = checkAppRef<Requests["rollback"]["params"]>(params);
    services.rollback(to).then(reply, (error: unknown) => client.refuse(number, asFailure(error)));
  },
  remove: ({ services, params }, reply) => {
    services.remove(checkAppRef(params));
    reply(null);
  },
  poll: ({ client, number, params }, reply) => {
    client.poll(number, { id: string(params, "id"), range: checkRange(params["range"]) }, () => reply(null));
  },
  inputs: ({ services, client, number, params }, reply) => {
    const { start = 0, end = Number.POSITIVE_INFINITY } = checkRange(params["range"]);
    optional(params, "failed", "boolean");
    optional(params, "limit", "number");
    const { failed = false, limit = Number.MAX_SAFE_INTEGER } = params as { failed?: boolean; limit?: number };
    for (const input of services.calls.inputs(string(params, "id"), { start, end, failed, limit })) {
      client.write(FromHost.input, number, input.index, input.payload, Math.min(input.runs, 255));
      for (const output of input.outputs) client.write(output.type, number, input.index, output.payload);
    }
    reply(null);
  },
  call: ({ services, params }, reply) => reply(services.calls.info(string(params, "id"))),
  calls: ({ services, params }, reply) => {
    for (const name of ["app", "environment", "function"]) optional(params, name, "string");
    optional(params, "limit", "number");
    reply(services.calls.list(params));
  },
  cancel: ({ services, client, number, params }, reply) => {
    services.calls.cancel(string(params, "id"), params["terminateContainers"] === true, (error) => {
      if (error) client.refuse(number, asFailure(error));
      else reply(null);
    });
  },
  stats: ({ services, params }, reply) => {
    const ref = checkFunctionRef<FunctionRef>(params);
    reply(services.pools.stats(services.registry.function(ref), ref));
  },
  recentStats: ({ services, params }, reply) => {
    const ref = checkFunctionRef<FunctionRef>(params);
    reply(services.pools.recentStats(services.registry.function(ref), ref));
  },
  updateAutoscaler: ({ services, params }, reply) => {
    // The pool checks each setting.
    const settings = fields(params["settings"], "autoscaler settings") as AutoscalerSettings;
    const ref = checkFunctionRef<FunctionRef>(params["ref"]);
    services.pools.updateAutoscaler(services.registry.function(ref), ref.instance, settings);
    reply(null);
  },
  status: ({ services }, reply) => reply(services.status()),
  stop: ({ services, client, params }, reply) => {
    reply(null);
    client.flush();
    // Two newer clients may ask at once: the second is not a reason to hurry.
    if (params["force"] === true) services.stop("force");
    else if (!services.draining) services.stop("drain");
  },
};

/** Throws the error that the client is to get. */
export function answer(method: string, asked: Asked): void {
  if (!Object.hasOwn(HANDLERS, method)) {
    throw new InvalidError(`the host does not know the request "${method}"`, {
      hint: "It may be of another version of farcall. Stop it with farcall host stop.",
    });
  }
  // The line above has checked it. The result's type is the handler's business.
  const handler = HANDLERS[method as keyof Requests] as Handler<keyof Requests>;
  handler(asked, (result) => asked.client.json(FromHost.response, asked.number, result));
}

const END = Buffer.from("}");

function getManifest(
  { services, client, number, params }: Asked,
  reply: (result: Requests["getManifest"]["result"]) => void,
): void {
  optional(params, "ifNotEtag", "string");
  const version = services.registry.version(checkAppRef(params["ref"]));
  const { etag } = version;
  if (etag === params["ifNotEtag"]) {
    reply({ etag });
    return;
  }
  // As it is stored: it is large, and writing it as JSON again takes four times as long.
  const start = Buffer.from(`{"etag":${JSON.stringify(etag)},"manifest":`);
  const parts = [start, services.registry.manifestJson(version), END];
  client.write(FromHost.response, number, 0, Buffer.concat(parts));
}
