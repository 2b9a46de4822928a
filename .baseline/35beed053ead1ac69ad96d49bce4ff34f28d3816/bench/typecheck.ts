/** What generated code costs a user's compiler, in every editor and every build. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { generateClients } from "./support/generated-clients.ts";
import { type Benchmark, figures, type Measure, takeTurns } from "./support/measure.ts";
import { REPOSITORY, runNode } from "./support/project.ts";
import { FUNCTIONS, makeShapedProject, peerNames } from "./support/shaped-project.ts";
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
    const clients = generateClients(shaped, alone);
    for (const { folder, use, imports } of Object.values(clients)) {
      const lines = shaped.shapes.functions.map((fn, i) => {
        const property = fn.result.fields[0]!.name;
        return `export const value${i} = (${use(fn.name, sampleInput(shaped.shapes, fn))}).${property};`;
      });
      shaped.project.write(`${folder}/use.ts`, `${imports}\n\n${lines.join("\n")}\n`);
    }
    const measures: Measure[] = [];
    for (const [compiler, packageName] of Object.entries(COMPILERS)) {
      log(compiler);
      const tsc = join(
        dirname(createRequire(join(REPOSITORY, "package.json")).resolve(`${packageName}/package.json`)),
        "bin/tsc",
      );
      const check = (folder: string) => (): Cost => parseDiagnostics(compile(tsc, join(shaped.project.path, folder)));
      const results = await takeTurns(
        Math.max(3, Math.ceil(rounds / 2)),
        Object.fromEntries(Object.entries(clients).map(([name, { folder }]) => [name, check(folder)])),
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
