/** What each generator writes for the shaped project, in a folder of its own where code that uses it is checked or edited. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { PEER_MODULES } from "./peers.ts";
import { runNode } from "./project.ts";
import { peerNames, type ShapedProject } from "./shaped-project.ts";

export interface GeneratedClient {
  /** Relative to the project. */
  folder: string;
  /** Makes `api` known, whose members are the functions. */
  imports: string;
  /** An expression: the function's result, awaited. */
  use(name: string, input: string): string;
}

const FARCALL = {
  generated: "src/generated",
  imports: 'import { bench as api } from "./generated/index.ts";',
  use: (name: string, input: string) => `await api.${name}.remote("a", ${input}, true)`,
};

const HEY_API = {
  generated: "peers/hey-api",
  imports: 'import * as api from "./generated/index.js";',
  use: (name: string, input: string) =>
    `(await api.${name}({ path: { id: "a" }, body: ${input}, query: { dryRun: true }, throwOnError: true })).data`,
};

const ORVAL = {
  generated: "peers/orval",
  imports: 'import * as api from "./generated/client.js";',
  use: (name: string, input: string) => `(await api.${name}("a", ${input}, { dryRun: true })).data`,
};

/** Runs the generators whose clients can be called; by the contestant's name, farcall last. */
export function generateClients(
  { project, generators }: ShapedProject,
  alone: boolean,
): Record<string, GeneratedClient> {
  const clients = { ...(!alone && { [peerNames().heyApi]: HEY_API, [peerNames().orval]: ORVAL }), farcall: FARCALL };
  return Object.fromEntries(
    Object.entries(clients).map(([name, { generated, ...client }]) => {
      const { args, cwd, env } = generators[name]!;
      runNode(args, cwd, env);
      const folder = `check/${name.replace(/\W+/g, "-")}`;
      project.write(
        `${folder}/tsconfig.json`,
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
      symlinkSync(join(project.path, generated), join(project.path, folder, "generated"));
      const modules = name === "farcall" ? join(project.path, "node_modules") : PEER_MODULES;
      symlinkSync(modules, join(project.path, folder, "node_modules"));
      return [name, { ...client, folder }];
    }),
  );
}
