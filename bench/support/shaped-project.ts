/** 1,000 functions and their types, as each generator wants them, in one throwaway project with the app deployed. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { PEER_MODULES, peerFile, peerName } from "./peers.ts";
import { Project } from "./project.ts";
import { makeShapes, type Shapes, toApp, toGraphql, toOpenApi } from "./shapes.ts";

export const FUNCTIONS = 1000;

export interface Generator {
  /** Arguments for Node. */
  args: string[];
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Its output, which is removed before it writes again. */
  removeOutput(): void;
}

export interface ShapedProject extends AsyncDisposable {
  shapes: Shapes;
  /** farcall's project: the app in src/, stubs in src/generated/. */
  project: Project;
  /** By name with version; the first is farcall. Each runs in a folder of its own, where its packages are found. */
  generators: Record<string, Generator>;
}

/** The peers' names with their versions: read when needed, since a run without peers need not have them. */
export function peerNames() {
  return {
    openapiTypescript: peerName("openapi-typescript"),
    orval: peerName("orval"),
    heyApi: peerName("@hey-api/openapi-ts"),
    graphql: peerName("@graphql-codegen/cli"),
  };
}

/**
 * @param alone without the peers' generators
 * @param root of the built package that is used
 */
export async function makeShapedProject(alone: boolean, functions = FUNCTIONS, root?: string): Promise<ShapedProject> {
  const shapes = makeShapes(functions);
  const files: [string, string][] = [
    ["farcall.config.json", JSON.stringify({ apps: ["bench"], output: "src/generated" })],
    ...[...toApp(shapes)].map(([name, content]): [string, string] => [`src/${name}`, content]),
  ];
  const project = new Project(files, root);
  // Peers take longer than an idle host waits for its next client.
  project.env["FARCALL_HOST_IDLE_MS"] = "3600000";
  project.farcall("deploy", "src/app.ts");

  return {
    shapes,
    project,
    generators: {
      farcall: {
        args: [project.bin("codegen-bin")],
        cwd: project.path,
        env: project.env,
        removeOutput: () => project.remove("src/generated"),
      },
      ...(!alone && peerGenerators(shapes, project)),
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}

/** Each peer's input, and how it is run. */
function peerGenerators(shapes: Shapes, project: Project): Record<string, Generator> {
  const { schema, operations } = toGraphql(shapes);
  project.write("peers/openapi.json", JSON.stringify(toOpenApi(shapes), undefined, 2));
  project.write("peers/schema.graphql", schema);
  project.write("peers/operations.graphql", operations);
  project.write(
    "peers/orval.config.mjs",
    'export default { bench: { input: "./openapi.json", output: { target: "./orval/client.ts", client: "fetch" } } };\n',
  );
  project.write(
    "peers/codegen.json",
    JSON.stringify({
      schema: "schema.graphql",
      documents: "operations.graphql",
      generates: { "graphql/client.ts": { plugins: ["typescript", "typescript-operations"] } },
    }),
  );
  symlinkSync(PEER_MODULES, join(project.path, "peers/node_modules"));
  const names = peerNames();
  const cwd = join(project.path, "peers");
  const peer = (output: string, ...args: string[]): Generator => ({
    args,
    cwd,
    removeOutput: () => project.remove(`peers/${output}`),
  });
  return {
    [names.openapiTypescript]: peer(
      "openapi-typescript",
      peerFile("openapi-typescript", "bin/cli.js"),
      "openapi.json",
      "-o",
      "openapi-typescript/client.ts",
    ),
    [names.orval]: peer("orval", peerFile("orval", "dist/bin/orval.mjs"), "--config", "orval.config.mjs"),
    [names.heyApi]: peer(
      "hey-api",
      peerFile("@hey-api/openapi-ts", "bin/run.js"),
      "-i",
      "openapi.json",
      "-o",
      "hey-api",
    ),
    [names.graphql]: peer("graphql", peerFile("@graphql-codegen/cli", "esm/bin.js"), "--config", "codegen.json"),
  };
}
