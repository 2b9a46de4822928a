import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ContainerProcess, DeployedFunction, Launcher, Processes } from "../../src/pool/index.ts";
import type { AppManifest } from "../../src/schema/index.ts";
import { deployment, type HandMadeFunction } from "../engine/deployment.ts";
import { type Outcome, startPools, TestCall } from "./pooled.ts";

const fixtures = join(import.meta.dirname, "fixtures");
/** Not on Windows, where Python has no socket for a pipe. */
const python = ["python3", "python"].find((name) => {
  if (process.platform === "win32") return false;
  const { status } = spawnSync(name, ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"], { stdio: "ignore" });
  return status === 0;
});

/** What a language needs to be run by farcall's pools: a launcher of a program that speaks src/wire. */
class PythonLauncher implements Launcher {
  readonly #processes: Processes;

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  launch(): ContainerProcess {
    return this.#processes.spawn(python!, [join(fixtures, "container.py")]);
  }
}

function pythonFunction(name: string, folder: string, options: HandMadeFunction["options"] = {}): DeployedFunction {
  const { manifest } = deployment("sums", "", { [name]: { options: { env: { NAME: "Ada" }, ...options } } });
  const version = {
    app: "sums",
    environment: "main",
    version: 1,
    manifest: { ...manifest, language: "python" } satisfies AppManifest,
    artifact: join(fixtures, "functions.py"),
    manifestFile: "",
    root: folder,
    secrets: {},
  };
  return { version, schema: manifest.functions[0]! };
}

function valuesOf(outcomes: readonly Outcome[]): unknown[] {
  return outcomes.map((outcome) => (outcome.kind === "failure" ? outcome.failure : outcome.value));
}

// A machine without Python runs the other languages all the same.
const withPython = python ? test : test.skip;

withPython(
  python
    ? "a container in another language runs inputs, over the wire alone"
    : "a container in another language (left out: there is no Python 3.8 or later, or this is Windows)",
  async () => {
    await using host = await startPools((processes) => ({ python: new PythonLauncher(processes) }));
    const fn = pythonFunction("double", host.folder);
    const rows = Array.from({ length: 200 }, (_, i) => [i]);
    const calls = [new TestCall(host.pools.of(fn), fn, rows), new TestCall(host.pools.of(fn), fn, rows)];
    for (const call of calls) {
      expect(valuesOf(await call.done)).toEqual(rows.map(([i]) => ({ twice: i! * 2, by: "Ada", language: "Python" })));
    }
    expect(host.output.some(({ stream, text }) => stream === "stdout" && text.includes("loaded"))).toBe(true);
    const { numTotalRunners } = host.pools.stats(fn, { app: "sums", environment: "main", name: "double" });
    expect(numTotalRunners).toBeGreaterThan(0);
    expect(host.problems).toEqual([]);
  },
);

withPython("what it throws reaches the caller, and its death is found out", async () => {
  await using host = await startPools((processes) => ({ python: new PythonLauncher(processes) }));
  const dividing = pythonFunction("divide", host.folder);
  const divided = await new TestCall(host.pools.of(dividing), dividing, [[1]]).done;
  expect(divided).toEqual([
    { kind: "exception", value: { name: "ZeroDivisionError", message: "integer division or modulo by zero" } },
  ]);
  const dying = pythonFunction("die", host.folder, { maxContainers: 1 });
  const died = await new TestCall(host.pools.of(dying), dying, [[1]]).done;
  expect(died[0]).toMatchObject({ kind: "failure", failure: { code: "INTERNAL_FAILURE" } });
  expect(valuesOf(died)[0]).toMatchObject({ message: expect.stringContaining("exit code 3") });
});

withPython("it stops when it is told to, with code 0", async () => {
  await using host = await startPools((processes) => ({ python: new PythonLauncher(processes) }));
  const fn = pythonFunction("double", host.folder, { scaledownWindowMs: 0 });
  await new TestCall(host.pools.of(fn), fn, [[1]]).done;
  await expect.poll(() => host.pools.idle, { timeout: 30_000 }).toBe(true);
  expect(host.output.filter(({ stream }) => stream === "system")).toEqual([]);
});

test("functions in a language that has no launcher fail at once, and say so", async () => {
  await using host = await startPools(() => ({}));
  const fn = pythonFunction("double", host.folder);
  const [outcome] = await new TestCall(host.pools.of(fn), fn, [[1]]).done;
  expect(outcome).toMatchObject({
    kind: "failure",
    failure: { message: expect.stringContaining("containers of python functions cannot be started on this machine") },
  });
});
