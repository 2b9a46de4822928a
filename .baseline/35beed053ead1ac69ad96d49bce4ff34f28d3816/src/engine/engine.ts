/**
 * The engine port: everything farcall needs from the place where functions run, by role. Every engine has a registry, which knows
 * what is deployed, and an invoker, which runs calls. The rest is optional: an engine leaves out what its platform does not have,
 * and using it throws UnsupportedError before anything is sent (src/runtime/roles.ts).
 * Payloads are opaque bytes: the caller's codec encodes them and the container's decodes them, so an engine never holds user
 * values. Every adapter passes the conformance suite in test/engine/conformance, minus the roles that it leaves out.
 *
 * Failures reach the caller as FarcallError subclasses, rejected or, inside a call, as `Failure`.
 */
import type { PayloadCodec } from "./codec.ts";
import type { Deployer } from "./deployer.ts";
import type { Invoker } from "./invoker.ts";
import type { Monitor } from "./monitor.ts";
import type { Registry } from "./registry.ts";

export interface Engine extends EngineFeatures {
  /** Canonical: `local:/home/ada/.local/state/farcall`. */
  readonly url: string;
  readonly registry: Registry;
  readonly invoker: Invoker;
  /** Absent: apps are deployed by another tool; see `deployHint`. */
  readonly deployer?: Deployer | undefined;
  /** Absent: calls cannot be listed or looked into. */
  readonly monitor?: Monitor | undefined;
  /** Absent: farcall's own codec. */
  readonly codec?: PayloadCodec | undefined;
  /** How an app is deployed to this engine, as a sentence: "Run farcall deploy FILE." */
  readonly deployHint: string;
  /** How an app is removed, and how it goes back to an earlier version, where there is no deployer. */
  readonly removeHint?: string | undefined;
  readonly rollbackHint?: string | undefined;
  /** For an engine whose answers are slow or cost money: the shortest time between two polls for changes, in milliseconds. */
  readonly pollMs?: number | undefined;
  /** The engine's state for an operator: one line per fact. */
  status?(): Promise<EngineStatus>;
  /** Drops connections and lets the process exit. Durable calls go on. Idempotent. */
  close(): Promise<void>;
}

/** What an engine can do within its roles. Absent means true. */
export interface EngineFeatures {
  /** `callOptions({ idempotencyKey })`. */
  readonly idempotency?: boolean | undefined;
  /** `callOptions({ delayMs })` and `callOptions({ at })`: OpenCall.dueAt. */
  readonly delays?: boolean | undefined;
  /** `callOptions({ onProgress })` and Monitor.progress, which is not called otherwise. */
  readonly progress?: boolean | undefined;
  /** InputRecord has the arguments. */
  readonly arguments?: boolean | undefined;
  /** OpenCall.trace reaches the containers. */
  readonly trace?: boolean | undefined;
  /** A generator waits for credit. Otherwise it runs ahead of its reader. */
  readonly backpressure?: boolean | undefined;
}

export interface EngineStatus {
  /** Name and value, in the order to show them. */
  facts: { name: string; value: string }[];
  /** What an operator should know or do, as sentences. */
  warnings: string[];
}

/** A process on some machine that runs an engine's containers, by its own words. */
export interface WorkerReport {
  id: string;
  host: string;
  pid: number;
  /** farcall's. */
  version: string;
  /** ISO 8601. */
  startedAt: string;
  /** `key=value`, or words. */
  labels: string[];
  /** Of the machine. */
  cores: number;
  containers: number;
  /** How many containers it runs at a time; absent: no limit. */
  maxContainers?: number;
  /** What its containers have together, by their functions' memoryMiB. */
  usedMemoryMiB: number;
  /** What they may have together; absent: no limit. */
  memoryMiB?: number;
  /** Inputs that it has. */
  inputs: number;
  /** Under which it takes requests for web functions; absent: it takes none. */
  publicUrl?: string;
  /** It takes nothing more, and ends once what it has is done. */
  draining: boolean;
}

/** Opens the engine that a URL names. Does no I/O before the first use. */
export type EngineFactory = (url: string) => Engine;

/** The default engine's URL. */
export const DEFAULT_ENGINE = "local:";
