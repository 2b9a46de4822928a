/** 1,000 functions and their types, as each generator wants them, in one throwaway project with the app deployed. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { PEER_MODULES, peerFile, peerName } from "./peers.ts";
import { CODEGEN, Project } from "./project.ts";
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

export const PEERS = {
  openapiTypescript: peerName("openapi-typescript"),
  orval: peerName("orval"),
  heyApi: peerName("@hey-api/openapi-ts"),
  graphql: peerName("@graphql-codegen/cli"),
};

export async function makeShapedProject(): Promise<ShapedProject> {
  const shapes = makeShapes(FUNCTIONS);
  const project = new Project([
    ["farcall.config.json", JSON.stringify({ apps: ["bench"], output: "src/generated" })],
    ...[...toApp(shapes)].map(([name, content]): [string, string] => [`src/${name}`, content]),
  ]);
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
  // Peers take longer than an idle host waits for its next client.
  project.env["FARCALL_HOST_IDLE_MS"] = "3600000";
  project.farcall("deploy", "src/app.ts");

  const cwd = join(project.path, "peers");
  const peer = (output: string, ...args: string[]): Generator => ({
    args,
    cwd,
    removeOutput: () => project.remove(`peers/${output}`),
  });
  return {
    shapes,
    project,
    generators: {
      farcall: {
        args: [CODEGEN],
        cwd: project.path,
        env: project.env,
        removeOutput: () => project.remove("src/generated"),
      },
      [PEERS.openapiTypescript]: peer(
        "openapi-typescript",
        peerFile("openapi-typescript", "bin/cli.js"),
        "openapi.json",
        "-o",
        "openapi-typescript/client.ts",
      ),
      [PEERS.orval]: peer("orval", peerFile("orval", "dist/bin/orval.mjs"), "--config", "orval.config.mjs"),
      [PEERS.heyApi]: peer(
        "hey-api",
        peerFile("@hey-api/openapi-ts", "bin/run.js"),
        "-i",
        "openapi.json",
        "-o",
        "hey-api",
      ),
      [PEERS.graphql]: peer("graphql", peerFile("@graphql-codegen/cli", "esm/bin.js"), "--config", "codegen.json"),
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  };
}
