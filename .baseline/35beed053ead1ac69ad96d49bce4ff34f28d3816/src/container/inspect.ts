/**
 * Reports to a deploy what a module registers when it is imported, the counterpart to introspecting its source.
 * A child process, because it runs user code; it answers on file descriptor 3, because user code may print.
 *
 *     node inspect.ts ARTIFACT ROOT
 */
import { writeSync } from "node:fs";
import { classesOf, definitionsOf, loadedApps } from "../runtime/index.ts";
import type { Inspection } from "../wire/inspection.ts";
import { installHooks, loadArtifact } from "./load.ts";

const exit: (code: number) => never = process.exit.bind(process);
const [artifact, root] = process.argv.slice(2);

function answer(inspection: Inspection): never {
  const bytes = Buffer.from(JSON.stringify(inspection));
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
  exit(0);
}

function failed(error: unknown): never {
  const { stack, hint } = error as { stack?: unknown; hint?: unknown };
  return answer({
    error: {
      message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      ...(typeof stack === "string" && { stack }),
      ...(typeof hint === "string" && { hint }),
    },
  });
}

/** Exported by name, as the default, or as part of the default as in CommonJS modules. */
function isExported(app: unknown, exports: Readonly<Record<string, unknown>>): boolean {
  const { default: main } = exports;
  const values = [...Object.values(exports), ...(typeof main === "object" && main !== null ? Object.values(main) : [])];
  return values.includes(app);
}

process.on("uncaughtException", failed);
process.on("unhandledRejection", failed);
await installHooks();
const exports = await loadArtifact(artifact!, root!);
answer({
  apps: loadedApps().map((app) => ({
    name: app.name,
    exported: isExported(app, exports),
    functions: definitionsOf(app, exports).map(({ name, mode, options }) => ({ name, mode, options })),
    classes: classesOf(app, exports).map(({ name, methods }) => ({
      name,
      methods: methods.map(({ name, options }) => ({ name, options })),
    })),
  })),
});
