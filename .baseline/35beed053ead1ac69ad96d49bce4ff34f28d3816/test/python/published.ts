/**
 * What python/farcall says of the sample apps in python/tests/apps, which are imported in Python with the real modal package, and a
 * whole manifest made of it, for the tests of what farcall makes of Python's signatures.
 */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import {
  type AppManifest,
  type ClassSchema,
  constructorOf,
  type FunctionSchema,
  parseManifest,
  type ResolvedFunctionOptions,
  signatureOf,
} from "../../src/schema/index.ts";
import { modalPython } from "../engines/modal/fake/index.ts";

export const python = resolve(import.meta.dirname, "../../python");
/** What python/farcall publishes: an AppManifest without what only the engine knows. */
export interface Published {
  farcall: number;
  doc?: string;
  declarations: AppManifest["declarations"];
  functions: (Omit<FunctionSchema, "options" | "signature"> & { typed?: true })[];
  classes?: Omit<ClassSchema, "signature">[];
}

interface Output {
  manifest: Published;
  problems: string[];
  carriers: [name: string, parameters: [name: string, value: string][]][];
}

const outputs = new Map<string, Output>();

export function publish(app: string, folder = python): Output {
  const key = `${folder} ${app}`;
  const known = outputs.get(key) ?? run(app, folder);
  outputs.set(key, known);
  return known;
}

function run(app: string, folder: string): Output {
  const args = [join(python, "tests/published.py"), folder, app];
  return JSON.parse(execFileSync(modalPython!, args, { encoding: "utf8", cwd: python })) as Output; // published.py prints it
}

const options: ResolvedFunctionOptions = {
  retries: { maxRetries: 0, backoffCoefficient: 1, initialDelayMs: 1000, maxDelayMs: 1000 },
  timeoutMs: 300_000,
  startupTimeoutMs: 300_000,
  minContainers: 0,
  maxContainers: 0,
  bufferContainers: 0,
  scaledownWindowMs: 60_000,
  concurrency: { maxInputs: 1 },
  secrets: [],
  env: {},
  memoryMiB: 0,
  validate: false,
};

/** As the Modal engine completes it. */
export function complete({ declarations, functions, classes }: Published, app = "media"): Promise<AppManifest> {
  const all = classes?.map((each) => ({ ...each, signature: signatureOf(constructorOf(each), declarations) }));
  return parseManifest({
    schemaVersion: 1,
    app,
    environment: "main",
    version: 1,
    deployedAt: "2026-01-01T00:00:00.000Z",
    language: "python",
    declarations,
    functions: functions.map(({ typed: _, ...fn }) => {
      const owner = all?.find(({ name }) => name === fn.class);
      return { ...fn, options, signature: signatureOf(fn, declarations, owner) };
    }),
    ...(all && { classes: all }),
  });
}
