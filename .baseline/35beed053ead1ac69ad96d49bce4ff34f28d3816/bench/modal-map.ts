/**
 * The caller's cost of one map input on Modal, compared with Modal's own Python client: both take turns to map over the same function of
 * the same fake Modal, whose container is part of the fake. Left out if there is no Python with `modal`.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { FakeModal, Format, fn, modalPython } from "../test/engines/modal/fake/index.ts";
import { type Benchmark, figures, takeTurns } from "./support/measure.ts";

const INPUTS = 1000;
const contestants = join(import.meta.dirname, "contestants");

interface Burst {
  seconds: number;
  cpuSeconds: number;
}

/** A client in its own process, which stays warm between its turns. */
class Caller implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(program: string, args: string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start(program: string, file: string, env: NodeJS.ProcessEnv): Promise<Caller> {
    const caller = new Caller(program, [join(contestants, file)], env);
    await caller.#line();
    return caller;
  }

  async map(count: number): Promise<Burst> {
    this.#child.stdin.write(`${count}\n`);
    return JSON.parse(await this.#line());
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("a client has ended instead of answering");
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin.end();
    await ended;
  }
}

const benchmark: Benchmark = {
  title: "map() on a fake Modal, over a function that adds one",
  about:
    "What an input costs its caller, in order, from one process: the time from start to end, most of which is the fake's, and the " +
    "processor time of the caller alone.",
  async run({ rounds, log }) {
    if (!modalPython) {
      log("left out: there is no Python with modal; run scripts/python-venv.sh");
      return [];
    }
    await using fake = await FakeModal.start();
    const addOne = fn(({ args: [x] }) => Number(x) + 1, {
      parameters: { x: "int" },
      returns: "int",
      concurrency: 100,
      // Otherwise the Python client would send pickle.
      metadata: { supportedInputFormats: [Format.cbor], supportedOutputFormats: [Format.cbor] },
    });
    fake.deploy("bench", { add_one: addOne });
    const env = { ...process.env, ...fake.env };
    await using farcall = await Caller.start(process.execPath, "modal-map.ts", env);
    await using python = await Caller.start(modalPython, "modal_map.py", env);
    const callers = { "Modal's Python client": python, farcall };
    for (const caller of Object.values(callers)) await caller.map(INPUTS / 10);
    const bursts = await takeTurns(
      rounds,
      Object.fromEntries(Object.entries(callers).map(([name, caller]) => [name, () => caller.map(INPUTS)])),
    );
    const targets = [{ of: "farcall", to: ["Modal's Python client"], ratio: 1 }];
    const microseconds = (seconds: number) => (seconds * 1e6) / INPUTS;
    return [
      {
        name: "time of an input",
        unit: "µs",
        better: "lower",
        samples: figures(bursts, ({ seconds }) => microseconds(seconds)),
        targets,
      },
      {
        name: "the caller's processor time of an input",
        unit: "µs",
        better: "lower",
        samples: figures(bursts, ({ cpuSeconds }) => microseconds(cpuSeconds)),
        targets,
      },
    ];
  },
};

export default benchmark;
