/** What a conformance run is made for: an engine, how its apps get there, and what it cannot do, with the reasons. */
import { describe, expect, test } from "vitest";
import type { Engine, EngineFeatures } from "../../../src/engine/index.ts";
import { requestOf, type TestApp } from "./apps.ts";

/** Machines that run tests are slow at times; nothing here is about how long it takes. */
export { patient } from "../../support/limits.ts";

/** What an engine may leave out. Roles and features must be missing from the engine itself too. */
export type Ability =
  | "deploy"
  | "monitor"
  | keyof EngineFeatures
  /** Functions run in processes of their own, with limits of time, number and memory. */
  | "containers"
  /** Functions can be limited by key and in a span of time. */
  | "limits"
  | "classes"
  | "durable"
  /** The connection to the place where functions run can break. */
  | "interruption"
  /** Results are kept for a limited time. */
  | "expiry"
  /** Payloads with binary data. */
  | "bytes"
  /** A deployed version keeps running beside newer ones, and user code can ask which it is. */
  | "version"
  /** Signatures are those that the deployer gives. */
  | "signature"
  /** Logs say which input of a call wrote them, and calls which method opened them. */
  | "inputIndex"
  /** The outputs of a call that is not durable are remembered for a while. */
  | "results";

export interface EngineUnderTest extends AsyncDisposable {
  engine: Engine;
  /** A second engine on the same state, as another process would open it. */
  another(): Engine;
  /** Breaks what can break between callers and the place where calls run (a server dies), so that it has to be found again. */
  interrupt(): Promise<void>;
  /** Puts an app, or its next version, where the engine's registry finds it. */
  prepare(app: TestApp): Promise<void>;
}

export interface SuiteOptions {
  create(options: {
    /** How long results are kept. Default: the engine's own. */
    retentionMs?: number;
  }): Promise<Omit<EngineUnderTest, "prepare"> & Partial<Pick<EngineUnderTest, "prepare">>>;
  /** A folder for files that tests and functions exchange. */
  scratch(): string;
  /** What the engine cannot do, each with the reason. */
  skip?: Partial<Record<Ability, string>>;
}

export class Suite {
  readonly #name: string;
  readonly #options: SuiteOptions;
  #files = 0;

  constructor(name: string, options: SuiteOptions) {
    this.#name = name;
    this.#options = options;
  }

  async create(options: { retentionMs?: number } = {}): Promise<EngineUnderTest> {
    const made = await this.#options.create(options);
    const prepare = async (app: TestApp): Promise<void> => {
      await made.engine.deployer!.deploy(requestOf(app));
    };
    return { prepare, ...made };
  }

  /** A path that no other test uses. */
  file(): string {
    return `${this.#options.scratch()}/file-${++this.#files}`;
  }

  lacks(ability: Ability): boolean {
    return this.#options.skip?.[ability] !== undefined;
  }

  /** Tests of an engine that has these abilities; for another one a skipped test that says what is left out, and why. */
  describe(title: string, needs: readonly Ability[], tests: () => void): void {
    const why = this.#why(needs);
    if (why === undefined) describe(`${this.#name}: ${title}`, tests);
    else test.skip(`${this.#name}: ${title} (left out: ${why})`, () => {});
  }

  /** `test`, for an engine that has these abilities. */
  needing(needs: readonly Ability[]): (title: string, ...rest: TestParts) => void {
    const why = this.#why(needs);
    return (title, ...rest) => {
      if (why !== undefined) test.skip(`${title} (left out: ${why})`, () => {});
      else if (rest.length === 2) test(title, rest[0], rest[1]);
      else test(title, rest[0]);
    };
  }

  #why(needs: readonly Ability[]): string | undefined {
    for (const need of needs) {
      const reason = this.#options.skip?.[need];
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** Prints what is left out, and tests that no more is left out than the engine lacks. */
  account(): void {
    for (const [ability, reason] of Object.entries(this.#options.skip ?? {})) {
      console.info(`${this.#name}: conformance leaves out ${ability}: ${reason}`);
    }
    test(`${this.#name}: the suite leaves out the roles and features that the engine lacks, and no others`, async () => {
      await using under = await this.create();
      const { engine } = under;
      const lacking: Partial<Record<Ability, boolean>> = {
        deploy: engine.deployer === undefined,
        monitor: engine.monitor === undefined,
        idempotency: engine.idempotency === false,
        delays: engine.delays === false,
        progress: engine.progress === false,
        arguments: engine.arguments === false,
        trace: engine.trace === false,
        backpressure: engine.backpressure === false,
      };
      const left = Object.keys(lacking).map((ability) => [ability, this.lacks(ability as Ability)]);
      expect(Object.fromEntries(left)).toEqual(lacking);
      expect(engine.deployHint).toMatch(/^[A-Z].*\.$/);
    });
  }
}

type TestParts = [run: () => unknown] | [options: { timeout: number }, run: () => unknown];
