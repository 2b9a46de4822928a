/** What the server and its page say to each other: the shapes of the JSON that goes between them. */
import type { AppSummary, CallInfo, FunctionStats, LogEntry, StatsSample, WorkerReport } from "../engine/index.ts";
import type { DocTag, FunctionMode } from "../schema/index.ts";

export type { AppSummary, CallInfo, DocTag, FunctionStats, LogEntry, StatsSample, WorkerReport };

/** What went wrong, as the page shows it. */
export interface Problem {
  code: string;
  message: string;
  hint?: string | undefined;
}

/** Each route that answers with one JSON value, and what that is. */
export interface Requests {
  "GET engine": EngineView;
  "GET workers": WorkerReport[];
  "GET apps": AppSummary[];
  "GET figures": AppFigures[];
  "GET app": AppView;
  "GET function": FunctionView;
  "GET class": ClassView;
  "GET diff": DiffView;
  "GET calls": ListedCall[];
  "GET one-call": CallView;
  "GET value": ShownValue;
  "POST cancel": Record<string, never>;
  "POST check": Checked;
}

/** Each route that answers with bytes. */
export type Files = "GET bytes";

/** Each route that answers with one JSON value a line, and what these are. */
export interface Streams {
  "GET live": LiveEvent;
  "GET logs": LogEntry;
  "POST call": CallEvent;
}

/** The names of the routes of a method, as the page asks for them. */
export type RouteOf<Method extends "GET" | "POST", Routes> = keyof Routes extends infer Route
  ? Route extends `${Method} ${infer Name}`
    ? Name
    : never
  : never;

// ---- the engine -----------------------------------------------------------------------------------------------

export interface EngineView {
  url: string;
  /** How an app is deployed to it, as a sentence. */
  deployHint: string;
  /** It is not to be asked for changes more often than this, in milliseconds; 0 for no limit. */
  pollMs: number;
  abilities: Abilities;
}

/** What the engine can do. The page does not offer the rest. */
export interface Abilities {
  /** Calls can be listed and looked into, with what their containers print. */
  monitor: boolean;
  /** Calls report their progress. */
  progress: boolean;
  /** The arguments of past calls are kept. */
  arguments: boolean;
  /** Workers do its work, which can be listed. */
  workers: boolean;
}

// ---- apps -----------------------------------------------------------------------------------------------------

export interface Named {
  name: string;
  doc: string;
}

/** What the newest calls of an app say of it. */
export interface AppFigures {
  app: string;
  environment: string;
  /** How many calls were looked at. */
  calls: number;
  /** Of these, the ones that run, and the ones of which an input has failed. */
  running: number;
  failed: number;
  /** When the newest was made, ISO 8601. */
  lastCallAt?: string;
}

/** A version that can still be called. */
export interface VersionView {
  version: number;
  deployedAt: string;
  /** The version that it is a copy of. */
  rollbackOf?: number;
  /** A git commit, short. */
  revision?: string;
}

export interface FunctionSummary extends Named {
  mode: FunctionMode;
  /** As TypeScript writes them, one for each overload. */
  signatures: string[];
  /** Deprecated by its documentation. */
  deprecated: boolean;
  /** `every 5 min`, when it runs by itself. */
  schedule?: string;
  /** When it does next, ISO 8601. Absent where the engine does not say. */
  nextRunAt?: string;
}

export interface AppView extends Named {
  environment: string;
  version: number;
  newest: number;
  /** The newest first. */
  versions: VersionView[];
  deployedAt: string;
  language: string;
  /** Without methods. */
  functions: FunctionSummary[];
  classes: ClassSummary[];
  types: TypeView[];
}

export interface ClassSummary extends Named {
  /** `new Model(size: number)`, one for each overload. */
  constructors: string[];
  deprecated: boolean;
  methods: FunctionSummary[];
}

/** A declared type. `code` has the documentation of its properties. */
export interface TypeView extends Named {
  code: string;
  tags: DocTag[];
}

/** What the pages of functions and of classes say. */
export interface Described {
  app: string;
  environment: string;
  version: number;
  deployedAt: string;
  tags: DocTag[];
  /** What documentation may link to, by name: the app's functions and classes. */
  functions: string[];
  classes: string[];
  parameters: (Named & { default?: string })[];
  signature: string;
  source?: string;
  /** Declared types that it names, and those that they name in turn. */
  types: TypeView[];
}

export interface ClassView extends ClassSummary, Described {}

export interface FunctionView extends FunctionSummary, Described {
  /** What differs from one function to the next: `timeout`, `5 min`. */
  options: [label: string, value: string][];
  webUrl?: string;
  /** One for each overload; none when it cannot be called from here, for `notCallable`. */
  forms: Form[];
  notCallable?: string;
  /** Of a method: its class, and how to construct an instance. */
  class?: { name: string; forms: Form[] };
}

// ---- forms ----------------------------------------------------------------------------------------------------

/** The arguments of one signature. Fields name others by their place in `fields`, since types can be recursive. */
export interface Form {
  label: string;
  parameters: FormParameter[];
  fields: Field[];
}

export interface FormParameter extends Named {
  field: number;
  optional: boolean;
  /** As its author wrote it. */
  default?: string;
  /** The same as a value, where it is one that can be read without running code. */
  initial?: Tagged;
  /** Takes all arguments that are left. */
  rest: boolean;
  /** Its TypeSchema, by which it can be written as JSON instead. */
  schema: unknown;
}

interface Part {
  name: string;
  doc?: string;
  /** What counts when it is left out, as its documentation says. */
  default?: string;
  field: number;
  optional: boolean;
}

/** How a value of a type is given by hand. `type` is the type as TypeScript writes it. */
export type Field = { type: string } & (
  | { kind: "text" | "number" | "bigint" | "boolean" | "date" | "url" | "regexp" }
  /** Of a typed array or ArrayBuffer, by the class's name. */
  | { kind: "bytes"; class: string }
  | { kind: "constant"; value: Tagged }
  | { kind: "select"; options: { label: string; value: Tagged }[] }
  | { kind: "array" | "set"; item: number }
  | { kind: "tuple"; items: Part[]; rest?: number }
  | { kind: "object"; properties: Part[]; values?: number }
  | { kind: "map"; key: number; value: number }
  | { kind: "union"; options: { label: string; field: number }[] }
  /** Written as JSON; `schema` is the TypeSchema by which that is read. */
  | { kind: "json"; schema: unknown }
);

/** A value as JSON, exactly: what JSON lacks, and every object, says what it is. */
export type Tagged =
  | string
  | number
  | boolean
  | null
  | Tagged[]
  | { $: "undefined" }
  | { $: "object" | "map"; v: [Tagged, Tagged][] }
  | { $: "set"; v: Tagged[] }
  | { $: "date" | "bigint" | "url" | "regexp" | "number"; v: string }
  /** Base64. */
  | { $: "bytes"; v: string; class: string }
  | { $: "json"; v: unknown; schema: unknown };

export interface Arguments {
  app: string;
  environment: string;
  name: string;
  version: number;
  args: Tagged[];
  /** Of a method: the constructor's arguments. */
  construct?: Tagged[];
}

/** A call with the arguments of an earlier one, on the newest version. */
export interface Again {
  again: { id: string; index: number };
}

export interface Checked {
  /** None when the function would take the arguments. */
  faults: ArgumentFault[];
  /** Of a method whose constructor would take its arguments: FunctionRef's `instance`. */
  instance?: string | undefined;
}

export interface ArgumentFault extends Problem {
  /** It is about the constructor's arguments. */
  construct?: boolean;
  /** Where: `options.width`. */
  path: string;
}

/** What a call brings, one a line. */
export type CallEvent =
  /** `instance` as in Checked. */
  | { event: "opened"; id: string; instance?: string | undefined }
  | { event: "progress"; fraction: number; message?: string }
  | { event: "yield" | "result"; value: ShownValue }
  | { event: "end" }
  | { event: "refused"; faults: ArgumentFault[] }
  | { event: "failed"; error: ShownError };

// ---- values ---------------------------------------------------------------------------------------------------

export interface ShownValue {
  /** `Map`, `string`. */
  kind: string;
  text: string;
  /** There is more of it. */
  cut: boolean;
  /** The binary values in it, as far as they were looked for. */
  bytes?: ShownBytes[];
}

/** Bytes to download, and to see when they are a picture. */
export interface ShownBytes {
  /** Where in the value: `.image`, `[0]`; "" for the value itself. */
  path: string;
  size: number;
  /** By how they begin: `image/png`; `application/octet-stream` for what is not known. */
  type: string;
  extension: string;
  /** Base64, of a call that the page itself has made. Absent when they are many: they are then to be asked for. */
  data?: string;
}

/** One argument under its parameter's name, where that is known. */
export interface ShownArgument {
  name: string;
  value: ShownValue;
}

export interface ShownError {
  name: string;
  message: string;
  /** With its stack, causes and own properties; empty for what the engine says itself. */
  text: string;
  hint?: string | undefined;
  code?: string | undefined;
}

// ---- calls ----------------------------------------------------------------------------------------------------

/** A call in a list. */
export interface ListedCall extends CallInfo {
  /** What the first input that failed said, in one line, where it is known. */
  problem?: string;
  /** How often that input was begun. */
  attempts?: number;
}

export interface InputView {
  index: number;
  /** Absent when the engine has not kept them. */
  args?: ShownArgument[];
  /** How often it was begun, where the engine says. */
  attempts?: number;
  outputs: (
    | { kind: "result" | "yield"; value: ShownValue }
    | { kind: "failed"; error: ShownError }
    | { kind: "end" }
    | { kind: "forgotten" }
  )[];
}

export interface CallView {
  call: CallInfo;
  /** Of a method: what its instance was constructed with. */
  constructedWith?: ShownArgument[];
  /** It can be called again with the same arguments: it is still deployed, and no web function. */
  repeatable: boolean;
  inputs: InputView[];
  /** Inputs that the engine remembers and that are not among `inputs`. */
  more: boolean;
  progress: { index: number; fraction: number; message?: string }[];
  /** Why there are no inputs to see, when that is so. */
  note?: string;
}

// ---- diff -----------------------------------------------------------------------------------------------------

export interface FunctionDiff {
  name: string;
  verdict: "compatible" | "breaking" | "docs only" | "same";
  reasons: string[];
  lines: DiffLine[];
}

export interface DiffLine {
  sign: "+" | "-" | " ";
  text: string;
}

export interface DiffView {
  app: string;
  environment: string;
  from: number;
  to: number;
  versions: VersionView[];
  functions: FunctionDiff[];
  types: { name: string; lines: DiffLine[] }[];
}

// ---- live -----------------------------------------------------------------------------------------------------

/**
 * `live`: the engine is asked regularly. `resting`: nothing happens, so it is left alone for a while and can stop by
 * itself. `asleep`: it has; the next use starts it. `failing`: it cannot be reached.
 */
export type EngineState = "live" | "resting" | "asleep" | "failing";

export type LiveEvent =
  | { event: "state"; state: EngineState; message?: string }
  /** Changes with every deploy and removal. */
  | { event: "apps"; etag: string }
  | { event: "samples"; samples: StatsSample[] };
