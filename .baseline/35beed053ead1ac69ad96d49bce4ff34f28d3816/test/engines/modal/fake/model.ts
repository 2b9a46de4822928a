/** The things that the fake keeps, and how they hang together: functions, their calls, the calls' inputs, and containers. */
import type {
  DataChunk,
  FunctionDefinition,
  FunctionInput,
  FunctionMetadata,
  PutOutputsItem,
  Settings,
} from "./codecs.ts";
import type { Declared } from "./declare.ts";
import type { Bell } from "./values.ts";

/** A function, or a class with all its methods; with `params`, a class whose parameters are bound. */
export interface Fn {
  readonly id: string;
  readonly appId: string;
  /** `add`, or `Greeter.*` for a class. */
  readonly tag: string;
  metadata: FunctionMetadata;
  definition: FunctionDefinition | undefined;
  /** The definition as `modal deploy` sent it, for the container that Python runs. */
  raw: Uint8Array | undefined;
  /** What a test has declared in TypeScript, for the container that runs it. */
  declared: Declared | undefined;
  params: Uint8Array | undefined;
  /** The class that this is a bound variant of. */
  baseId: string | undefined;
  queue: Input[];
  readonly containers: Set<Container>;
  settings: Partial<Settings>;
}

export interface Call {
  readonly id: string;
  readonly fn: Fn;
  readonly type: number;
  readonly invocation: number;
  readonly createdAt: number;
  readonly inputs: Input[];
  outputs: Output[];
  /** How many outputs there have been: the number of the last one's entry. */
  entries: number;
  /** What a generator has yielded, by index from 1. */
  readonly chunks: Map<number, DataChunk>;
  /** Rings at each output and each chunk. */
  readonly bell: Bell;
  /** How many inputs there are, once the caller has said that it sends no more. */
  total: number | undefined;
  cancelled: boolean;
  readonly viaInputPlane: boolean;
}

export interface Input {
  readonly id: string;
  readonly idx: number;
  readonly call: Call;
  readonly enqueuedAt: number;
  input: FunctionInput;
  retryCount: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  container: Container | undefined;
  /** Its output has been stored. */
  done: boolean;
  /** It has run, but its output did not arrive. */
  lost: boolean;
  timer: NodeJS.Timeout | undefined;
}

export interface Output extends PutOutputsItem {
  idx: number;
  entry: number;
  taskId: string;
}

export interface Container {
  readonly taskId: string;
  readonly fn: Fn;
  readonly running: Set<Input>;
  /** Inputs to cancel that the container does not know of yet. */
  cancels: string[];
  /** Rings when there are inputs to cancel. */
  readonly heartbeat: Bell;
  /** Rings when there are inputs to take. */
  readonly queue: Bell;
  /** It waits for an input. */
  idle: boolean;
  /** It has come so far as to ask for inputs. */
  started: boolean;
  /** It ends as soon as it has finished its inputs. */
  retired: boolean;
  ended: boolean;
  /** What it said of its own failure to start. */
  startFailure: string | undefined;
  kill(): void;
}
