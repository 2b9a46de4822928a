/** Pools without an engine: versions in memory, and calls whose outcomes are kept for the test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AutoscalerSettings, Failure } from "../../src/engine/index.ts";
import {
  type Call,
  CallInPool,
  type ContainerOutput,
  type DeployedFunction,
  Input,
  type Launcher,
  type OutcomeKind,
  type Pool,
  Pools,
  Processes,
  type Version,
  type Versions,
} from "../../src/pool/index.ts";
import { decodeValue, encodeArguments } from "../../src/runtime/index.ts";

export type Outcome = { kind: OutcomeKind; value: unknown } | { kind: "failure"; failure: Failure };

let numbers = 0;

/** A call of some inputs, all of which wait from the start. */
export class TestCall implements Call {
  readonly number = ++numbers;
  readonly id = `fc-${this.number}`;
  readonly method = "map";
  readonly trace = undefined;
  readonly inPool = new CallInPool();
  readonly granted = 0;
  readonly caller: object = this;
  readonly patientSince = undefined;
  readonly waiters = [];
  readonly fn: DeployedFunction;
  readonly pool: Pool;
  readonly outcomes: Outcome[] = [];
  over = false;
  readonly done: Promise<Outcome[]>;
  #settle: (outcomes: Outcome[]) => void = () => {};
  readonly #inputs: Input[];
  #left: number;

  constructor(pool: Pool, fn: DeployedFunction, rows: readonly unknown[][]) {
    this.pool = pool;
    this.fn = fn;
    this.#inputs = rows.map((args, index) => new Input(this, index, encodeArguments(args)));
    this.#left = rows.length;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    pool.opened();
    pool.enqueue(this, rows.length);
  }

  get waiting(): number {
    return this.#inputs.length;
  }

  isBlocked(): boolean {
    return false;
  }

  take(): Input | undefined {
    return this.#inputs.shift();
  }

  yielded(): void {}

  progressed(): void {}

  outcome({ index }: Input, kind: OutcomeKind, payload: Uint8Array): void {
    this.#end(index, { kind, value: decodeValue(payload) });
  }

  failed({ index }: Input, failure: Failure): void {
    this.#end(index, { kind: "failure", failure });
  }

  #end(index: number, outcome: Outcome): void {
    this.outcomes[index] = outcome;
    if (--this.#left > 0) return;
    this.over = true;
    this.pool.closed(this);
    this.#settle(this.outcomes);
  }
}

export interface TestPools extends AsyncDisposable {
  pools: Pools;
  processes: Processes;
  output: ContainerOutput[];
  problems: string[];
  folder: string;
}

/** @param launchers by language, of the processes that they use */
export async function startPools(launchers: (processes: Processes) => Record<string, Launcher>): Promise<TestPools> {
  const folder = await mkdtemp(join(tmpdir(), "fp-"));
  const output: ContainerOutput[] = [];
  const problems: string[] = [];
  const log = {
    output: (one: ContainerOutput) => void output.push(one),
    problem: (what: string, error?: unknown) => void problems.push(`${what} ${error ?? ""}`),
  };
  const processes = new Processes({ folder, env: {}, log });
  const pools = new Pools({
    versions: new OnlyVersions(),
    launchers: launchers(processes),
    engineUrl: "local:",
    log,
    onIdle: () => {},
  });
  return {
    pools,
    processes,
    output,
    problems,
    folder,
    async [Symbol.asyncDispose]() {
      pools.close(true);
      await processes.ended();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Every version is the newest, and nothing is kept. */
class OnlyVersions implements Versions {
  newest(): Version[] {
    return [];
  }

  isNewest(): boolean {
    return true;
  }

  autoscaler(): AutoscalerSettings {
    return {};
  }

  setAutoscaler(): void {}
}
