/** What generated code costs a user's compiler, in every editor and every build. */
import { symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Benchmark, figures, type Measure, takeTurns } from "./support/measure.ts";
import { PEER_MODULES } from "./support/peers.ts";
import { REPOSITORY, runNode } from "./support/project.ts";
import { FUNCTIONS, makeShapedProject, peerNames, type ShapedProject } from "./support/shaped-project.ts";
import { sampleInput } from "./support/shapes.ts";

/** Packages of the main install, by the version that users have. */
const COMPILERS = { "TypeScript 5.9": "typescript-5.9", "TypeScript 6": "typescript-6", "TypeScript 7": "typescript" };

interface Cost {
  check: number;
  total: number;
  instantiations: number;
  memory: number;
}

const benchmark: Benchmark = {
  title: `type check: ${FUNCTIONS.toLocaleString("en")} generated functions, each used once`,
  about:
    "tsc over the generated code and a module that awaits every function once, with one property of each result read. hey-api (fetch client, default plugins) and orval (fetch) are " +
    "generated from an OpenAPI document of the same shapes. A compiler that does no work for a contestant would still load its libraries: that is in the total.",
  async run({ rounds, alone, log }) {
    log(`deploying and generating ${FUNCTIONS} functions`);
    await using shaped = await makeShapedProject(alone);
    // By the name of the contestant, its folder.
    const folders = {
      ...(!alone && { [peerNames().heyApi]: "hey-api", [peerNames().orval]: "orval" }),
      farcall: "farcall",
    };
    for (const name of Object.keys(folders)) {
      const { args, cwd, env } = shaped.generators[name]!;
      runNode(args, cwd, env);
    }
    writeUses(shaped);
    const measures: Measure[] = [];
    for (const [compiler, packageName] of Object.entries(COMPILERS)) {
      log(compiler);
      const tsc = join(
        dirname(createRequire(join(REPOSITORY, "package.json")).resolve(`${packageName}/package.json`)),
        "bin/tsc",
      );
      const check = (folder: string) => (): Cost =>
        parseDiagnostics(compile(tsc, join(shaped.project.path, "check", folder)));
      const results = await takeTurns(
        Math.max(3, Math.ceil(rounds / 2)),
        Object.fromEntries(Object.entries(folders).map(([name, folder]) => [name, check(folder)])),
      );
      const target = [{ of: "farcall", to: alone ? [] : [peerNames().heyApi], ratio: 0.5 }];
      measures.push(
        {
          name: `${compiler}, check time`,
          unit: "ms",
          better: "lower",
          samples: figures(results, (cost) => cost.check),
          targets: target,
        },
        {
          name: `${compiler}, total time`,
          unit: "ms",
          better: "lower",
          samples: figures(results, (cost) => cost.total),
          targets: target,
        },
        {
          name: `${compiler}, instantiations`,
          unit: "types",
          better: "lower",
          samples: figures(results, (cost) => cost.instantiations),
          targets: [],
        },
        {
          name: `${compiler}, memory`,
          unit: "MB",
          better: "lower",
          samples: figures(results, (cost) => cost.memory),
          targets: [],
        },
      );
    }
    return measures;
  },
};

export default benchmark;

/** A folder for each contestant: its generated code, one use a function, one tsconfig. */
function writeUses({ shapes, project }: ShapedProject): void {
  const contestants = {
    farcall: {
      generated: "src/generated",
      imports: 'import { bench as api } from "./generated/index.ts";',
      use: (name: string, input: string) => `await api.${name}.remote("a", ${input}, true)`,
    },
    "hey-api": {
      generated: "peers/hey-api",
      imports: 'import * as api from "./generated/index.js";',
      use: (name: string, input: string) =>
        `(await api.${name}({ path: { id: "a" }, body: ${input}, query: { dryRun: true }, throwOnError: true })).data`,
    },
    orval: {
      generated: "peers/orval",
      imports: 'import * as api from "./generated/client.js";',
      use: (name: string, input: string) => `(await api.${name}("a", ${input}, { dryRun: true })).data`,
    },
  };
  for (const [folder, { generated, imports, use }] of Object.entries(contestants)) {
    const lines = shapes.functions.map((fn, i) => {
      const property = fn.result.fields[0]!.name;
      return `export const value${i} = (${use(fn.name, sampleInput(shapes, fn))}).${property};`;
    });
    project.write(`check/${folder}/use.ts`, `${imports}\n\n${lines.join("\n")}\n`);
    project.write(
      `check/${folder}/tsconfig.json`,
      JSON.stringify({
        extends: "../../tsconfig.json",
        // Stubs are copied by a link: what is checked is the generated code as it is, beside its use.
        compilerOptions: {
          preserveSymlinks: true,
          typeRoots: [],
          lib: ["es2024", "dom", "dom.iterable", "esnext.disposable"],
        },
        include: ["."],
        exclude: [],
      }),
    );
    symlinkSync(join(project.path, generated), join(project.path, `check/${folder}/generated`));
    symlinkSync(
      folder === "farcall" ? join(project.path, "node_modules") : PEER_MODULES,
      join(project.path, `check/${folder}/node_modules`),
    );
  }
}

function compile(tsc: string, folder: string): string {
  return runNode([tsc, "-p", folder, "--noEmit", "--extendedDiagnostics"], folder);
}

/** Figures of `--extendedDiagnostics`: "Check time: 1.23s", "Memory used: 123456K". */
function parseDiagnostics(output: string): Cost {
  const figure = (label: string): number => {
    const match = new RegExp(`^${label}:\\s+([\\d.,]+)`, "m").exec(output);
    if (!match) throw new Error(`tsc printed no "${label}":\n${output}`);
    return Number(match[1]!.replaceAll(",", ""));
  };
  return {
    check: figure("Check time") * 1000,
    total: figure("Total time") * 1000,
    instantiations: figure("Instantiations"),
    memory: figure("Memory used") / 1000,
  };
}
