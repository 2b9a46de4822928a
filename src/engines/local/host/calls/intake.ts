/** Opens calls: finds the function and the pool of each, and makes the object that stands for it. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { type ParentInput, type Pool, type Pools, telemetry } from "../../../../pool/index.ts";
import { checkMethod } from "../../../catalog/index.ts";
import type { OpenMessage } from "../../protocol.ts";
import type { DeployedFunction, Registry } from "../registry/index.ts";
import type { CallRow } from "../storage/index.ts";
import { DurableCall } from "./durable-call.ts";
import type { DurableHost } from "./durable-host.ts";
import { MemoryCall, type MemoryCallOptions } from "./memory-call.ts";
import type { Peer } from "./peer.ts";
import type { Records } from "./record.ts";
import { WebCall, type WebCallOptions } from "./web-call.ts";

/** An HTTP request that came for a web function. */
export interface WebRequest {
  fn: DeployedFunction;
  payload: Uint8Array;
  headers: IncomingHttpHeaders;
  response: ServerResponse;
}

interface IntakeOptions {
  registry: Registry;
  pools: Pools;
  records: Records;
  /** What durable calls need. */
  host: DurableHost;
  onMemoryEnd: MemoryCallOptions["onEnd"] & WebCallOptions["onEnd"];
  onDurableEnd: (call: DurableCall) => void;
}

interface Place {
  fn: DeployedFunction;
  pool: Pool;
}

/** Where calls went while the registry was as it was at `sequence`. */
interface KnownPlace extends Place {
  sequence: number;
}

export class Intake {
  readonly #options: IntakeOptions;
  /** By reference. */
  readonly #places = new WeakMap<OpenMessage["function"], KnownPlace>();
  #lastNumber = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Throws when there is no such function, or the method does not suit it. */
  memory(peer: Peer, clientNumber: number, message: OpenMessage, parent: ParentInput | undefined): MemoryCall {
    const { fn, pool } = this.#placeOf(message);
    const { records, onMemoryEnd: onEnd } = this.#options;
    const number = this.#nextNumber();
    const call = new MemoryCall({ number, message, fn, pool, peer, parent, clientNumber, records, onEnd });
    telemetry?.callOpened(fn, call.method);
    return call;
  }

  web(request: WebRequest): WebCall {
    const { pools, records, onMemoryEnd: onEnd } = this.#options;
    const pool = pools.of(request.fn);
    const call = new WebCall({ ...request, number: this.#nextNumber(), id: newId(), pool, records, onEnd });
    telemetry?.callOpened(request.fn, call.method);
    return call;
  }

  /** Throws when there is no such function, or the method does not suit it. */
  durable(message: OpenMessage): DurableCall {
    const fn = this.#functionFor(message);
    const row: CallRow = {
      number: this.#options.host.storage.nextNumber(),
      id: message.id,
      app: fn.version.app,
      environment: fn.version.environment,
      function: fn.schema.name,
      instance: message.function.instance ?? "",
      version: fn.version.version,
      method: message.method,
      key: message.idempotencyKey ?? null,
      num_inputs: null,
      cancelled: 0,
      created_at: Date.now(),
      ended_at: null,
      expired: 0,
      num_failed: 0,
      trace: message.trace ? JSON.stringify(message.trace) : null,
      digest: null,
      due_at: message.dueAt ?? null,
    };
    const call = this.#durable(row, fn, true);
    telemetry?.callOpened(fn, message.method);
    return call;
  }

  /** A call that is on disk, in memory again. Throws NotFoundError when its app was removed. */
  stored(row: CallRow): DurableCall {
    const { app, environment, function: name, version } = row;
    return this.#durable(row, this.#options.registry.function({ app, environment, name, version }), false);
  }

  #durable(row: CallRow, fn: DeployedFunction, isNew: boolean): DurableCall {
    const { pools, host, onDurableEnd: onEnd } = this.#options;
    const pool = pools.of(fn, row.instance);
    return new DurableCall({ host, number: this.#nextNumber(), row, fn, pool, isNew, onEnd });
  }

  #functionFor(message: OpenMessage): DeployedFunction {
    const { registry } = this.#options;
    const fn = registry.function(message.function);
    registry.checkRunnable(fn.version);
    checkMethod(message, fn.schema);
    return fn;
  }

  /** Calls of one kind come with one and the same reference (CallHeaderReader), and go where those before went. */
  #placeOf(message: OpenMessage): Place {
    const { function: ref } = message;
    const { sequence } = this.#options.registry;
    const known = this.#places.get(ref);
    if (known?.sequence === sequence) return known;
    const fn = this.#functionFor(message);
    const pool = this.#options.pools.of(fn, ref.instance);
    // An instance's pool goes when its last container does.
    if (ref.instance === undefined) this.#places.set(ref, { sequence, fn, pool });
    return { fn, pool };
  }

  /** A name for containers. */
  #nextNumber(): number {
    this.#lastNumber = (this.#lastNumber + 1) % 0xffff_ffff || 1;
    return this.#lastNumber;
  }
}

export function newId(): string {
  return `fc-${randomUUID().replaceAll("-", "")}`;
}
