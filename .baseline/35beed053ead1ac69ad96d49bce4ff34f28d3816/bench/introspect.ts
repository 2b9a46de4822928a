/** How long a deploy takes to read an app's types. */
import { join } from "node:path";
import { build } from "esbuild";
import { type Benchmark, takeTurns } from "./support/measure.ts";
import { Project, REPOSITORY, runNode } from "./support/project.ts";
import { makeShapes, toApp } from "./support/shapes.ts";

const FUNCTIONS = 1000;

const benchmark: Benchmark = {
  title: `introspection: ${FUNCTIONS.toLocaleString("en")} functions, whole process`,
  about:
    "Each is a process that loads ts-morph, reads the app's source and visits all types of its functions. The raw walk looks at each type once and keeps nothing; " +
    "farcall also reports type errors and types that cannot cross the wire, so the walk that reports type errors is its fair neighbour; printing is the usual way, " +
    "the compiler's text of each type.",
  async run({ rounds }) {
    await using project = new Project(
      [...toApp(makeShapes(FUNCTIONS))].map(([name, content]) => [`src/${name}`, content]),
    );
    const tsconfig = join(project.path, "tsconfig.json");
    const entry = join(project.path, "src/app.ts");
    // No entry of the package; bundled as those are, where the repository's packages are found.
    const introspection = join(REPOSITORY, "bench/results/introspect/index.mjs");
    await build({
      entryPoints: [join(REPOSITORY, "src/introspect/index.ts")],
      outfile: introspection,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
    });
    const time =
      (contestant: string, ...args: string[]) =>
      (): number => {
        const start = performance.now();
        const { functions } = JSON.parse(
          runNode([join(import.meta.dirname, "contestants", contestant), ...args], project.path, project.env),
        ) as { functions: number };
        if (functions !== FUNCTIONS) throw new Error(`${contestant} found ${functions} functions`);
        return performance.now() - start;
      };
    const samples = await takeTurns(rounds, {
      "raw walk": time("introspect-walk.ts", tsconfig, entry),
      "raw walk and type errors": time("introspect-walk.ts", tsconfig, entry, "errors"),
      "printing types": time("introspect-print.ts", tsconfig, entry),
      farcall: time("introspect-farcall.ts", introspection, project.path, entry),
    });
    return [
      {
        name: "introspection",
        unit: "ms",
        better: "lower",
        samples,
        targets: [
          { of: "farcall", to: ["raw walk"], ratio: 1.5 },
          { of: "farcall", to: ["raw walk and type errors"], ratio: 1.5 },
        ],
      },
    ];
  },
};

export default benchmark;
