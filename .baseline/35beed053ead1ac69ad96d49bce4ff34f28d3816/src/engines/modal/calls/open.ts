/** Which kind of call a request is. */
import type { CallHandle, CallSink, OpenCall } from "../../../engine/index.ts";
import { GeneratorCall } from "./generator-call.ts";
import { KeptCall } from "./kept-call.ts";
import type { CallContext } from "./opened-call.ts";
import { SyncCall } from "./sync-call.ts";

export function openModalCall(context: CallContext, request: OpenCall, sink: CallSink): CallHandle {
  if (request.durable) return new KeptCall(context, request, sink);
  if (request.method === "remoteGen") return new GeneratorCall(context, request, sink);
  return new SyncCall(context, request, sink);
}
