/**
 * What a client and the host of a `local` engine say to each other, in frames (wire/frames.ts) over the host's socket.
 * The client numbers its calls, requests and subscriptions from one counter; `call` in a frame's header is that number.
 *
 * `hello`, `welcome`, `refused`, `request` with the methods `status` and `stop`, and `response` are read by every version
 * of farcall: by them a newer one asks an older host to make room. The rest may change with PROTOCOL.
 */

import type {
  AppRef,
  AppSummary,
  AutoscalerSettings,
  CallInfo,
  DeployEvent,
  DeploymentRecord,
  DeployRequest,
  DeployResult,
  Failure,
  FunctionRef,
  FunctionStats,
  InputRange,
  LogEntry,
  LogFilter,
  OpenCall,
  Progress,
  ResolvedFunction,
  StatsSample,
} from "../../engine/index.ts";
import type { AppManifest } from "../../schema/index.ts";

export const PROTOCOL = 4;

/** The peer does not speak the protocol: its connection is closed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** What a host that was started by a client says on its file descriptor 3, once, as a line of JSON. */
export type StartReport = { ready: true } | { locked: true } | { failure: Failure };

/** What a repair of the database has done. */
export interface RepairReport {
  /** That were acknowledged and are gone. */
  lostTransactions: number;
  /** What was wrong with the database, when it was made over. */
  problem?: string;
  /** Where the old one is. */
  aside?: string;
  /** Rows that could be read, by table. */
  kept?: Record<string, number>;
  /** Tables of which not all could be read. */
  lost?: string[];
}

/** What a backup, restoration or repair has done. */
export interface MaintenanceReport extends Partial<RepairReport> {
  /** Versions whose files were written again. */
  repairedVersions?: string[];
  /** Versions whose code is lost: they are to be deployed again. */
  lostVersions?: string[];
}

/** What a process that maintains the files of a directory says on its stdout. */
export type MaintenanceResult = { done: MaintenanceReport } | { failure: Failure };

export const ToHost = {
  /** JSON Hello; the first frame. */
  hello: 1,
  /** JSON { method, params }: answered by one `response` or `refused`. */
  request: 2,
  /** JSON { method, params }: answered by `response` (subscribed), then `item`s; `refused` ends it. */
  subscribe: 3,
  unsubscribe: 4,
  /** a call header (wire/call-header.ts): the call's id, and OpenCall. With flag OPEN_LOGS the logs of its inputs are sent back. */
  open: 5,
  /** JSON AttachMessage. */
  attach: 6,
  /** One input of a call: `index`, payload = encoded arguments. */
  input: 7,
  /** No more inputs: `index` = how many there were. */
  end: 8,
  /** Payload u32le: how many more yields the generator may send. */
  credit: 9,
  cancel: 10,
  /** Deliver nothing more for this call or attachment. */
  detach: 11,
} as const;

export const FromHost = {
  /** JSON Welcome. */
  welcome: 1,
  /** JSON: the answer to a request. */
  response: 2,
  /** JSON Failure: of a request or subscription; with call 0, of the whole connection. */
  refused: 3,
  /** JSON: one item of a subscription. */
  item: 4,
  result: 5,
  exception: 6,
  yield: 7,
  end: 8,
  /** JSON Failure of one input. */
  failure: 9,
  /** JSON Failure of the whole call or attachment. */
  failed: 10,
  /** Durable calls: inputs below `index` are on disk; with flag ACCEPTED_ALL the call is. Payload: the call's id, when it is another's. */
  accepted: 11,
  /** JSON LogEntry of a call that was opened with `logs`. */
  log: 12,
  /** The host is about to stop: open nothing more on this connection, and close it once it is idle. */
  draining: 13,
  /** JSON Progress of a call that was opened with `progress`. */
  progress: 14,
  /** The encoded arguments of one input; its outputs follow. Empty: they were not kept. Flags: how often it was begun, when that was more than once; 255 for more. */
  input: 15,
} as const;

export const ACCEPTED_ALL = 1;
export const OPEN_LOGS = 1;

export interface Hello {
  protocol: number;
  version: string;
  pid: number;
  /** The client runs in this container: it may call while the host drains, since running inputs may depend on it. */
  container?: string;
}

export interface Welcome {
  protocol: number;
  version: string;
  pid: number;
}

/** A call as it was opened. */
export interface OpenMessage extends OpenCall {
  id: string;
  /** Send the logs of this call's inputs back. */
  logs?: boolean;
}

export interface AttachMessage {
  id: string;
  range: InputRange;
  /** Send the logs of the call's inputs back, unless somebody has them already. */
  logs?: boolean;
  /** The input whose code waits for the outputs. */
  parent?: string | undefined;
}

export interface HostStatus {
  pid: number;
  version: string;
  state: string;
  startedAt: string;
  /** Milliseconds since then. */
  uptimeMs: number;
  clients: number;
  /** Calls that have not ended. */
  openCalls: number;
  containers: {
    id: string;
    pid: number;
    app: string;
    environment: string;
    function: string;
    version: number;
    state: string;
    running: number;
  }[];
  memoryBytes: number;
}

/** Params and result of each request. */
export interface Requests {
  listApps: { params: { environment?: string | undefined }; result: AppSummary[] };
  getManifest: {
    params: { ref: AppRef; ifNotEtag?: string | undefined };
    result: { etag: string; manifest?: AppManifest };
  };
  resolve: { params: FunctionRef; result: ResolvedFunction };
  history: { params: { app: string; environment: string }; result: DeploymentRecord[] };
  deploy: { params: DeployRequest; result: DeployResult };
  /** The client has chosen the version, so that a request which is sent again goes back once. */
  rollback: {
    params: { app: string; environment: string; version: number; user?: string };
    result: DeployResult;
  };
  remove: { params: { app: string; environment: string }; result: null };
  /** The outputs come first, as frames with the request's number. */
  poll: { params: { id: string; range: InputRange }; result: null };
  /** The inputs come first, each with its outputs after it, as frames with the request's number. */
  inputs: { params: { id: string; range: InputRange; failed?: boolean; limit?: number }; result: null };
  call: { params: { id: string }; result: CallInfo };
  calls: {
    params: { app?: string; environment?: string; function?: string; limit?: number };
    result: CallInfo[];
  };
  cancel: { params: { id: string; terminateContainers?: boolean | undefined }; result: null };
  stats: { params: FunctionRef; result: FunctionStats };
  recentStats: { params: FunctionRef; result: StatsSample[] };
  updateAutoscaler: { params: { ref: FunctionRef; settings: AutoscalerSettings }; result: null };
  status: { params: Record<never, never>; result: HostStatus };
  stop: { params: { force?: boolean | undefined }; result: null };
}

/** The signal stays with the client: it ends the subscription. */
export type LogSubscription = Omit<LogFilter, "signal">;

interface ProgressSubscription {
  id: string;
  follow: boolean;
}

/** Params, answer and items of each subscription. */
export interface Subscriptions {
  watchDeploys: { params: { after?: number | undefined }; answer: { sequence: number }; item: DeployEvent };
  /** Ends with an item `null` unless it follows. */
  logs: { params: LogSubscription; answer: null; item: LogEntry | null };
  /** Ends with an item `null` when the call has ended, or at once unless it follows. */
  progress: { params: ProgressSubscription; answer: null; item: Progress | null };
}
