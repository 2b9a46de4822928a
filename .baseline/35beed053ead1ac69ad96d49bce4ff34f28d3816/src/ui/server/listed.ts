/** Calls in lists: with what the failed ones said, and counted by app. */
import type { CallInfo, Engine, Monitor, Output, PayloadCodec } from "../../engine/index.ts";
import { codecOf, monitorOf } from "../../runtime/index.ts";
import type { AppFigures, ListedCall } from "../api.ts";
import { isRunning } from "./calls.ts";
import { shownError } from "./values.ts";

type Filter = NonNullable<Parameters<Monitor["calls"]>[0]>;
type Problem = Pick<ListedCall, "problem" | "attempts">;

/** Of an app, to count the failed and the running ones. */
const COUNTED = 100;
/** Problems that are remembered: a list is asked for again every few seconds. */
const REMEMBERED = 2_000;
/** Questions about calls at the same time. */
const PARALLEL = 8;
const MAX_PROBLEM = 300;

export class ListedCalls {
  /** Of calls that have ended, by id. */
  readonly #problems = new Map<string, Problem>();

  async list(engine: Engine, filter: Filter): Promise<ListedCall[]> {
    const calls = await monitorOf(engine).calls(filter);
    const failed = calls.filter(({ numFailed }) => numFailed > 0);
    const problems = new Map<string, Problem>();
    const next = failed.values();
    const work = async (): Promise<void> => {
      for (const call of next) problems.set(call.id, await this.#problemOf(engine, call));
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, failed.length) }, work));
    return calls.map((call) => ({ ...call, ...problems.get(call.id) }));
  }

  async #problemOf(engine: Engine, { id, endedAt }: CallInfo): Promise<Problem> {
    const known = this.#problems.get(id);
    if (known) return known;
    const found = await firstProblem(engine, id);
    if (endedAt === undefined) return found;
    this.#problems.set(id, found);
    const [oldest] = this.#problems.keys();
    if (this.#problems.size > REMEMBERED && oldest !== undefined) this.#problems.delete(oldest);
    return found;
  }
}

/** Nothing for a call that is no longer remembered. */
async function firstProblem(engine: Engine, id: string): Promise<Problem> {
  try {
    const [record] = await monitorOf(engine).inputs(id, { failed: true, limit: 1 });
    const output = record?.outputs.find(({ kind }) => kind === "exception" || kind === "failure");
    if (!record || !output) return {};
    const problem = textOf(codecOf(engine), output);
    return { problem, ...(record.attempts !== undefined && { attempts: record.attempts }) };
  } catch {
    // Its row has nothing to say, and the call's own page says why.
    return {};
  }
}

function textOf(codec: PayloadCodec, output: Output): string {
  if (output.kind === "failure") return short(output.failure.message);
  if (output.kind !== "exception" || output.payload.length === 0) return "";
  const { name, message } = shownError(codec.decodeError(output.payload));
  return short(message === "" ? name : `${name}: ${message}`);
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > MAX_PROBLEM ? `${line.slice(0, MAX_PROBLEM)}…` : line;
}

/** One app after the other: some engines are asked at a price. */
export async function appFigures(engine: Engine): Promise<AppFigures[]> {
  const monitor = monitorOf(engine);
  const figures: AppFigures[] = [];
  for (const { app, environment } of await engine.registry.listApps()) {
    const calls = await monitor.calls({ app, environment, limit: COUNTED });
    const [newest] = calls;
    figures.push({
      app,
      environment,
      calls: calls.length,
      running: calls.filter(isRunning).length,
      failed: calls.filter(({ numFailed }) => numFailed > 0).length,
      ...(newest && { lastCallAt: newest.createdAt }),
    });
  }
  return figures;
}
