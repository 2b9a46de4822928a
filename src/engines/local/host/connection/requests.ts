/** What each request of a client does, and each subscription. */

import type {
  AutoscalerSettings,
  DeployRequest,
  DeployResult,
  FunctionRef,
  LogEntry,
} from "../../../../engine/index.ts";
import { InvalidError } from "../../../../runtime/errors.ts";
import { parseManifest, SchemaError } from "../../../../schema/index.ts";
import { FromHost, type LogSubscription, type Requests } from "../../protocol.ts";
import { asFailure } from "../failures.ts";
import type { Host } from "../host.ts";
import { type Logs, PAGE_ENTRIES } from "../storage/logs.ts";
import { isWeb } from "../web/web-server.ts";
import type { Connection } from "./connection.ts";
import { checkAppRef, checkFunctionRef, checkRange, fields, optional, ProtocolError, text } from "./messages.ts";

type Fields = Record<string, unknown>;

const END = Buffer.from("}");

/** Throws what the client is to be told. */
export function answer(host: Host, connection: Connection, number: number, method: string, params: Fields): void {
  const reply = <M extends keyof Requests>(_method: M, result: Requests[M]["result"]): void => {
    connection.json(FromHost.response, number, result);
  };
  const { registry, pools, calls } = host;
  switch (method) {
    case "listApps":
      optional(params, "environment", "string");
      reply(method, registry.listApps(params["environment"] as string | undefined));
      return;
    case "getManifest": {
      optional(params, "ifNotEtag", "string");
      const version = registry.version(checkAppRef(params["ref"]));
      const { etag } = version;
      if (etag === params["ifNotEtag"]) reply(method, { etag });
      else {
        // As it lies there: it is large, and to write it anew takes four times as long.
        const parts = [Buffer.from(`{"etag":${JSON.stringify(etag)},"manifest":`), registry.manifestJson(version), END];
        connection.writer.write(FromHost.response, number, 0, Buffer.concat(parts));
      }
      return;
    }
    case "resolve": {
      const resolved = registry.resolve(checkFunctionRef<FunctionRef>(params));
      const webUrl = isWeb(resolved.schema) ? host.web.urlOf(resolved) : undefined;
      reply(method, webUrl === undefined ? resolved : { ...resolved, webUrl });
      return;
    }
    case "history":
      reply(method, registry.history(checkAppRef(params)));
      return;
    case "deploy": {
      fields(params["manifest"], "a manifest");
      fields(params["artifact"], "an artifact");
      fields(params["secrets"], "secrets");
      deploy(host, params as unknown as DeployRequest).then(
        (result) => reply(method, result),
        (error: unknown) => connection.refuse(number, asFailure(error)),
      );
      return;
    }
    case "remove": {
      const { app, environment } = checkAppRef(params);
      registry.remove({ app, environment });
      host.removed({ app, environment });
      reply(method, null);
      return;
    }
    case "poll":
      connection.poll(number, { id: text(params, "id"), range: checkRange(params["range"]) }, () =>
        reply(method, null),
      );
      return;
    case "inputs": {
      const { start = 0, end = Number.POSITIVE_INFINITY } = checkRange(params["range"]);
      for (const input of calls.inputs(text(params, "id"), start, end)) {
        connection.writer.write(FromHost.input, number, input.index, input.payload);
        for (const output of input.outputs) connection.writer.write(output.type, number, input.index, output.payload);
      }
      reply(method, null);
      return;
    }
    case "call":
      reply(method, calls.info(text(params, "id")));
      return;
    case "calls":
      for (const name of ["app", "environment", "function"]) optional(params, name, "string");
      optional(params, "limit", "number");
      reply(method, calls.list(params));
      return;
    case "cancel":
      calls.cancel(text(params, "id"), params["terminateContainers"] === true, (error) => {
        if (error) connection.refuse(number, asFailure(error));
        else reply(method, null);
      });
      return;
    case "stats": {
      const ref = checkFunctionRef<FunctionRef>(params);
      reply(method, pools.stats(registry.function(ref), ref));
      return;
    }
    case "updateAutoscaler": {
      const settings = fields(params["settings"], "autoscaler settings") as AutoscalerSettings;
      const ref = checkFunctionRef<FunctionRef>(params["ref"]);
      pools.updateAutoscaler(registry.function(ref), ref.instance, settings);
      reply(method, null);
      return;
    }
    case "status":
      reply(method, host.status());
      return;
    case "stop":
      reply(method, null);
      connection.writer.flush();
      // Two newer clients may ask at once: the second is no reason to hurry.
      if (params["force"] === true) host.stop("force");
      else if (!host.draining) host.stop("drain");
      return;
    default:
      throw new InvalidError(`the host knows no request "${method}"`, {
        hint: "It may be of another version of farcall: stop it with farcall host stop.",
      });
  }
}

async function deploy(host: Host, request: DeployRequest): Promise<DeployResult> {
  try {
    // Each host from now on reads it when it starts.
    await parseManifest(request.manifest);
  } catch (error) {
    if (error instanceof SchemaError) throw new InvalidError(error.message, { hint: error.hint });
    throw error;
  }
  const { registry, pools } = host;
  const result = registry.deploy(request);
  // Whoever hears of the deploy can ask for URLs.
  if (result.changed) await host.deployed(registry.version(result.manifest));
  else pools.resetAutoscalers(result.manifest);
  return result;
}

/** Returns what stops it. */
export function subscribe(
  host: Host,
  connection: Connection,
  number: number,
  method: string,
  params: Fields,
): (() => void) | undefined {
  const item = (value: unknown): void => connection.json(FromHost.item, number, value);
  switch (method) {
    case "watchDeploys": {
      optional(params, "after", "number");
      const { registry } = host;
      connection.json(FromHost.response, number, { sequence: registry.sequence });
      if (params["after"] !== undefined)
        for (const event of registry.eventsAfter(params["after"] as number)) item(event);
      return registry.watch(item);
    }
    case "logs": {
      for (const name of ["app", "environment", "function", "callId"]) optional(params, name, "string");
      for (const name of ["after", "limit"]) optional(params, name, "number");
      connection.json(FromHost.response, number, null);
      return sendLogs(host.logs, connection, params as LogSubscription, item);
    }
    case "progress": {
      const id = text(params, "id");
      const { calls } = host;
      const latest = calls.progress(id);
      connection.json(FromHost.response, number, null);
      for (const progress of latest) item(progress);
      const stop =
        params["follow"] === true
          ? calls.watchProgress(
              id,
              (progress) => {
                // The next report says more than this one.
                if (!connection.full) item(progress);
              },
              () => item(null),
            )
          : undefined;
      if (!stop) item(null);
      return stop;
    }
    default:
      throw new ProtocolError(`there is no subscription "${method}"`);
  }
}

/** As fast as they are read: what a slow reader has not taken waits on disk. Returns what stops it. */
function sendLogs(
  logs: Logs,
  connection: Connection,
  filter: LogSubscription,
  item: (value: LogEntry | null) => void,
): () => void {
  const { limit, follow } = filter;
  let after = filter.after ?? 0;
  let behind = limit === undefined;
  const send = (entry: LogEntry): void => {
    item(entry);
    after = entry.sequence;
  };
  if (limit !== undefined) {
    for (const entry of logs.newest(filter, limit)) send(entry);
    after = logs.last;
  }
  const catchUp = (): void => {
    while (behind && !connection.full) {
      const page = logs.page({ ...filter, after });
      for (const entry of page) send(entry);
      behind = page.length === PAGE_ENTRIES;
    }
    if (behind) connection.onRoom(catchUp);
    else if (!follow) item(null);
  };
  const stop = follow
    ? logs.follow(filter, (entry) => {
        if (behind) return;
        behind = connection.full;
        if (behind) connection.onRoom(catchUp);
        else send(entry);
      })
    : undefined;
  catchUp();
  return () => {
    behind = false;
    stop?.();
    connection.offRoom(catchUp);
  };
}
