/** The generator's cost for a user: the whole process, as seen from the shell. */
import { type Benchmark, takeTurns } from "./support/measure.ts";
import { timeNode } from "./support/project.ts";
import { FUNCTIONS, type Generator, makeShapedProject, peerNames } from "./support/shaped-project.ts";

const MANY = 10 * FUNCTIONS;

const benchmark: Benchmark = {
  title: `codegen: ${FUNCTIONS.toLocaleString("en")} functions, whole process`,
  about:
    "Time from the start of the process to its end, output absent before. Each generator reads the same shapes in its own language: farcall the deployed app, " +
    "openapi-typescript, orval (fetch client) and hey-api (default plugins) an OpenAPI 3.1 document, graphql-codegen (types and operations) a GraphQL schema. " +
    "openapi-typescript and graphql-codegen write types only. farcall's host, which deployed the app, runs throughout, as it does while one develops; " +
    "the second figure is for a host that was asleep and is started first. The third figure runs codegen again when nothing has changed, beside a Node process that does nothing. " +
    `The last figure is for an app of ${MANY.toLocaleString("en")} functions.`,
  async run({ rounds, alone, log }) {
    log(`deploying an app of ${FUNCTIONS} functions`);
    await using shaped = await makeShapedProject(alone);
    const { farcall } = shaped.generators;
    const generate = Object.fromEntries(
      Object.entries(shaped.generators).map(([name, generator]) => [name, generateAll(generator)]),
    );
    const samples = await takeTurns(rounds, generate);
    const asleep = await takeTurns(Math.min(rounds, 3), {
      farcall: () => {
        shaped.project.farcall("host", "stop");
        return generate["farcall"]!();
      },
    });
    const again = await takeTurns(rounds * 2, {
      "node -e 0": () => timeNode(["-e", "0"], shaped.project.path),
      farcall: () => timeNode(farcall!.args, farcall!.cwd, farcall!.env),
    });
    log(`deploying an app of ${MANY} functions`);
    await using large = await makeShapedProject(true, MANY);
    const size = (functions: number) => `${functions.toLocaleString("en")} functions`;
    const growth = await takeTurns(Math.min(rounds, 5), {
      [size(FUNCTIONS)]: generateAll(farcall!),
      [size(MANY)]: generateAll(large.generators["farcall"]!),
    });
    return [
      {
        name: "generate all",
        unit: "ms",
        better: "lower",
        samples,
        targets: [{ of: "farcall", to: alone ? [] : Object.values(peerNames()), ratio: 1 / 5 }],
      },
      { name: "generate all, host asleep", unit: "ms", better: "lower", samples: asleep, targets: [] },
      {
        name: "nothing changed",
        unit: "ms",
        better: "lower",
        samples: again,
        targets: [{ of: "farcall", to: ["node -e 0"], ratio: 3 }],
      },
      {
        name: "farcall, ten times as many functions",
        unit: "ms",
        better: "lower",
        samples: growth,
        targets: [{ of: size(MANY), to: [size(FUNCTIONS)], ratio: 11 }],
      },
    ];
  },
};

export default benchmark;

/** @returns milliseconds of a whole process that finds no output */
function generateAll({ args, cwd, env, removeOutput }: Generator): () => number {
  return () => {
    removeOutput();
    return timeNode(args, cwd, env);
  };
}
