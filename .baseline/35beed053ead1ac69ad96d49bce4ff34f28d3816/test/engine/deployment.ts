/** Deploy requests made by hand: the engine is tested without the parts that would make them from an author's source. */
import { createHash } from "node:crypto";
import type { DeployRequest } from "../../src/engine/index.ts";
import type { ClassSchema, FunctionMode, FunctionSchema, ResolvedFunctionOptions } from "../../src/schema/index.ts";
import { CONDITION_MS } from "../support/limits.ts";

export interface HandMadeFunction {
  mode?: FunctionMode;
  options?: Partial<ResolvedFunctionOptions>;
  schema?: Partial<FunctionSchema>;
}

export const defaults: ResolvedFunctionOptions = {
  retries: { maxRetries: 0, backoffCoefficient: 2, initialDelayMs: 10, maxDelayMs: 1000 },
  timeoutMs: CONDITION_MS,
  startupTimeoutMs: CONDITION_MS,
  minContainers: 0,
  maxContainers: 2,
  bufferContainers: 0,
  scaledownWindowMs: CONDITION_MS,
  concurrency: { maxInputs: 1 },
  secrets: [],
  env: {},
  memoryMiB: 0,
  validate: false,
};

/**
 * @param body JavaScript that registers functions with `app.function(async function name(…) {…})`
 * @param functions by name; of methods with their class before: `Model.predict`
 */
export function deployment(
  app: string,
  body: string,
  functions: Record<string, HandMadeFunction>,
  extra: { environment?: string; secrets?: Record<string, string>; root?: string; classes?: ClassSchema[] } = {},
): DeployRequest {
  const code = `import { App, context } from "farcall";\nexport const app = new App(${JSON.stringify(app)});\n${body}\n`;
  return {
    manifest: {
      schemaVersion: 1,
      app,
      environment: extra.environment ?? "main",
      version: 0,
      deployedAt: "",
      language: "typescript",
      declarations: [],
      functions: Object.entries(functions).map(([name, { mode = "unary", options, schema }]) => ({
        name,
        mode,
        parameters: [],
        returns: { kind: "primitive", name: "unknown" },
        options: { ...defaults, ...options },
        signature: `signature of ${name}`,
        ...(name.includes(".") && { class: name.slice(0, name.indexOf(".")) }),
        ...schema,
      })),
      ...(extra.classes && { classes: extra.classes }),
    },
    artifact: {
      hash: createHash("sha256").update(code).digest("hex"),
      code,
      sourceMap: JSON.stringify({ version: 3, sources: [], names: [], mappings: "" }),
      root: extra.root ?? process.cwd(),
    },
    secrets: extra.secrets ?? {},
  };
}
