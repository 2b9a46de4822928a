/**
 * The subjects on which the processes of a NATS engine meet, and the streams that keep what must survive. All begin with the
 * version of the protocol, so that a server can carry two versions at a time.
 *
 *     fc1.u.<unit>                offers of inputs, to one of the workers that run the unit (queue group)
 *     fc1.p.<unit>                a worker has room: to one of the sources that wait (queue group)
 *     fc1.b.<unit>                a source waits: to all workers
 *     fc1.w.<worker>.…            to one worker: frames of a source, answers to its pulls
 *     fc1.s.<source>.…            to one source: frames of a worker, answers to its offers
 *     fc1.call, fc1.in, fc1.out   durable calls, in streams
 *     fc1.log                     what containers print, in a stream
 *     fc1.progress.<call>         what user code reports
 *     fc1.hb                      what each worker reports once a second
 *     fc1.n.…                     notices: what was deployed or set, and cancelled
 *     fc1.ask.…                   questions, to all workers or all sources
 *     fc1.a.<user>.…              answers to them, to whoever has asked
 */

export const PREFIX = "fc1";

/** Key-value buckets. */
export const APPS = "fc_apps";
export const SCALE = "fc_scale";
export const KEYS = "fc_keys";

/** The queue group of the workers, on offers. */
export const WORKERS = "w";
/** The queue group of the sources, on pulls. */
export const SOURCES = "s";

/** A name as one token of a subject: letters, digits, `_` and `-`; any other byte as `=` and two hex digits. */
export function token(name: string): string {
  if (name === "") return "=";
  return [...Buffer.from(name)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).padStart(2, "0").toUpperCase()}`;
    })
    .join("");
}

/** The name that a token stands for. */
export function fromToken(token: string): string {
  if (token === "=") return "";
  return Buffer.from(
    token.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  ).toString();
}

/** Of the call that a subject is about. */
export function callIdIn(subject: string): string {
  return subject.split(".")[2] ?? "";
}

export const subjects = {
  offers: (unit: string) => `${PREFIX}.u.${unit}`,
  pulls: (unit: string) => `${PREFIX}.p.${unit}`,
  bell: (unit: string) => `${PREFIX}.b.${unit}`,
  bells: `${PREFIX}.b.>`,
  /** @param rest `s.<source>` for frames, `p.<unit>` for the answer to a pull */
  worker: (worker: string, rest: string) => `${PREFIX}.w.${worker}.${rest}`,
  /**
   * @param rest `w.<worker>` for frames, `d.<worker>` for what did not reach it, `o.<number>` for the answer to an offer,
   *   `b.<unit>` for that to a bell
   */
  source: (source: string, rest: string) => `${PREFIX}.s.${source}.${rest}`,
  deployed: `${PREFIX}.n.deployed`,
  scaled: `${PREFIX}.n.scaled`,
  log: ({ environment, app, function: name, callId = "" }: LogPlace) =>
    `${PREFIX}.log.${token(environment)}.${token(app)}.${token(name)}.${token(callId)}`,
  logs: ({ environment, app, callId }: LogQuery) =>
    `${PREFIX}.log.${wanted(environment)}.${wanted(app)}.*.${wanted(callId)}`,
  progress: (callId: string) => `${PREFIX}.progress.${callId}`,
  report: `${PREFIX}.hb`,
  ask: (question: string) => `${PREFIX}.ask.${question}`,
  answers: (user: string, rest: string) => `${PREFIX}.a.${user}.${rest}`,
  app: (app: AppName) => `$KV.${APPS}.${appKey(app)}`,
  apps: `$KV.${APPS}.>`,
  scale: (app: AppName) => `$KV.${SCALE}.${appKey(app)}`,
  /** What is known of a durable call; the id comes first, so that a message is found by its whole subject. */
  call: (id: string, what: CallRecordKind) => `${PREFIX}.call.${id}.${what}`,
  calls: (what: CallRecordKind) => `${PREFIX}.call.*.${what}`,
  /** @param nonce of whoever writes: what two wrote is kept apart */
  input: (id: string, nonce: string) => `${PREFIX}.in.${id}.${nonce}`,
  inputs: (id: string) => `${PREFIX}.in.${id}.*`,
  output: (id: string, nonce: string) => `${PREFIX}.out.${id}.${nonce}`,
  outputs: (id: string) => `${PREFIX}.out.${id}.*`,
  key: (hash: string) => `$KV.${KEYS}.${hash}`,
  part: (hash: string, part: number) => `${PREFIX}.obj.${hash}.${part}`,
  parts: (hash: string) => `${PREFIX}.obj.${hash}.*`,
} as const;

export const streams = {
  apps: `KV_${APPS}`,
  scale: `KV_${SCALE}`,
  objects: "FC_OBJECTS",
  keys: `KV_${KEYS}`,
  calls: "FC_CALLS",
  inputs: "FC_IN",
  outputs: "FC_OUT",
  logs: "FC_LOGS",
} as const;

/** The consumer of accepted calls: each call is at home at one worker at a time. */
export const HOME = "home";

export type CallRecordKind = "accepted" | "cancelled" | "ended";

interface LogPlace {
  environment: string;
  app: string;
  function: string;
  callId?: string | undefined;
}

interface LogQuery {
  environment?: string | undefined;
  app?: string | undefined;
  callId?: string | undefined;
}

function wanted(name: string | undefined): string {
  return name === undefined ? "*" : token(name);
}

interface AppName {
  app: string;
  environment: string;
}

export function appKey({ app, environment }: AppName): string {
  return `${token(environment)}.${token(app)}`;
}
