/** What the author of an app waits for: a deploy, and after each save the stubs of what changed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Benchmark, takeTurns } from "./support/measure.ts";
import { FARCALL, Project, REPOSITORY, timeNode } from "./support/project.ts";
import { makeShapes, toApp } from "./support/shapes.ts";

const FUNCTIONS = 20;
const TYPESCRIPT = join(REPOSITORY, "node_modules/typescript-6");
const { version } = JSON.parse(readFileSync(join(TYPESCRIPT, "package.json"), "utf8")) as { version: string };
const TSC = `tsc ${version}`;

const benchmark: Benchmark = {
  title: `deploy: ${FUNCTIONS} functions`,
  about:
    "An app of 20 functions with Node's types. A deploy is a whole process, with the host running: the first one of a machine, with nothing kept from before; one after a " +
    "module has changed; one of what is deployed already. tsc checks the same sources, so it reads the same declarations, and neither bundles nor registers anything. " +
    "From a save to its stubs: `farcall dev` and `codegen --watch` run, and a type of the app changes on disk; beside it `tsc --watch`, to the line that says it found no errors, " +
    "which includes the quarter of a second that it waits for further changes.",
  async run({ rounds }) {
    await using app = new ShapedApp();
    await using checked = new ShapedApp();
    app.project.farcall("deploy", "src/app.ts");
    const deploy = () => timeNode([FARCALL, "deploy", "src/app.ts"], app.project.path, app.project.env);
    const samples = await takeTurns(rounds, {
      "node -e 0": () => timeNode(["-e", "0"], app.project.path),
      [TSC]: () => timeNode([join(TYPESCRIPT, "bin/tsc"), "-p", "."], app.project.path),
      "farcall, first": () => {
        rmSync(app.project.env["FARCALL_CACHE"]!, { recursive: true, force: true });
        app.change();
        return deploy();
      },
      "farcall, one module changed": () => {
        app.change();
        return deploy();
      },
      "farcall, unchanged": () => {
        deploy();
        return deploy();
      },
    });
    await using dev = await app.develop();
    await using watch = await checked.check();
    const saves = await takeTurns(rounds * 2, { [`${TSC} --watch`]: () => watch.save(), farcall: () => dev.save() });
    return [
      {
        name: "deploy",
        unit: "ms",
        better: "lower",
        samples,
        targets: [
          { of: "farcall, first", to: [TSC], ratio: 1.3 },
          { of: "farcall, one module changed", to: [TSC], ratio: 1.3 },
          { of: "farcall, unchanged", to: [TSC], ratio: 0.5 },
        ],
      },
      {
        name: "save to stubs",
        unit: "ms",
        better: "lower",
        samples: saves,
        targets: [{ of: "farcall", to: [`${TSC} --watch`], ratio: 1 }],
      },
    ];
  },
};

export default benchmark;

/** Processes that follow what is saved. */
interface Followers extends AsyncDisposable {
  /** Saves a change and resolves with the milliseconds until it has come through. */
  save(): Promise<number>;
}

class ShapedApp implements AsyncDisposable {
  readonly project: Project;
  readonly #module: string;
  #changes = 0;

  constructor() {
    const files = toApp(makeShapes(FUNCTIONS));
    this.#module = files.get("part0.ts")!;
    this.project = new Project([
      ["farcall.config.json", JSON.stringify({ apps: ["bench"], output: "src/generated" })],
      ...[...files].map(([name, content]): [string, string] => [`src/${name}`, content]),
    ]);
    for (const name of ["@types", "undici-types"]) {
      symlinkSync(join(REPOSITORY, "node_modules", name), join(this.project.path, "node_modules", name));
    }
    const tsconfig = JSON.parse(readFileSync(join(this.project.path, "tsconfig.json"), "utf8"));
    Object.assign(tsconfig.compilerOptions, { types: ["node"], lib: ["es2024", "esnext.disposable"] });
    this.project.write("tsconfig.json", JSON.stringify(tsconfig));
    // Longer than an idle host waits for its next client.
    this.project.env["FARCALL_HOST_IDLE_MS"] = "3600000";
  }

  /** Adds a property to the first type of a module; returns its name. */
  change(): string {
    const name = `change${++this.#changes}`;
    this.project.write("src/part0.ts", this.#module.replace(/(export interface \w+ \{\n)/, `$1  ${name}?: string;\n`));
    return name;
  }

  async develop(): Promise<Followers> {
    const { path, env } = this.project;
    const processes = [
      spawn(process.execPath, [FARCALL, "dev", "src/app.ts", "--json", "--no-logs"], { cwd: path, env }),
      spawn(process.execPath, [FARCALL, "codegen", "--watch"], { cwd: path, env }),
    ];
    const stubs = join(path, "src/generated/bench.ts");
    const save = async (): Promise<number> => {
      const name = this.change();
      const start = performance.now();
      while (!readFileSync(stubs, "utf8").includes(name)) await sleep(2);
      return performance.now() - start;
    };
    processes[1]!.stderr!.resume();
    processes[1]!.stdout!.resume();
    processes[0]!.stderr!.resume();
    await once(createInterface(processes[0]!.stdout!), "line");
    await sleep(2_000);
    await save();
    return { save, [Symbol.asyncDispose]: () => end(processes) };
  }

  async check(): Promise<Followers> {
    const args = [join(TYPESCRIPT, "bin/tsc"), "-p", ".", "--watch", "--preserveWatchOutput"];
    const child = spawn(process.execPath, args, { cwd: this.project.path });
    const lines = createInterface(child.stdout);
    const done = () =>
      new Promise<void>((resolve) => {
        const see = (line: string): void => {
          if (!line.includes("Found 0 errors")) return;
          lines.off("line", see);
          resolve();
        };
        lines.on("line", see);
      });
    const save = async (): Promise<number> => {
      const start = performance.now();
      const ended = done();
      this.change();
      await ended;
      return performance.now() - start;
    };
    await done();
    await save();
    return { save, [Symbol.asyncDispose]: () => end([child]) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.project[Symbol.asyncDispose]();
  }
}

async function end(processes: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    processes.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, "exit");
    }),
  );
}
