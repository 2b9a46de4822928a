/**
 * What the Python package publishes, read by farcall's own schema: sample apps are imported in Python with the real modal
 * package, and their manifests are parsed, printed and hashed here. Needs python/.venv, which python/check.sh makes, or a
 * python3 with modal and pydantic.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { inflateSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import {
  type AppManifest,
  type ClassSchema,
  constructorOf,
  type FunctionSchema,
  parseManifest,
  printDeclaration,
  printParameters,
  printType,
  type ResolvedFunctionOptions,
  signatureOf,
} from "../../src/schema/index.ts";

const python = resolve(import.meta.dirname, "../../python");
const vendored = mkdtempSync(join(tmpdir(), "farcall-vendored-"));
afterAll(() => rmSync(vendored, { recursive: true, force: true }));

const interpreter = [join(python, ".venv/bin/python"), join(python, ".venv/Scripts/python.exe"), "python3"].find(
  canRun,
);
if (!interpreter) console.warn("Left out: test/python, since no python3 with modal and pydantic is there.");

function canRun(command: string): boolean {
  if (command !== "python3" && !existsSync(command)) return false;
  try {
    execFileSync(command, ["-c", "import modal, pydantic"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What python/farcall publishes: an AppManifest without what only the engine knows. */
interface Published {
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

function publish(app: string, folder = python): Output {
  const key = `${folder} ${app}`;
  const known = outputs.get(key) ?? run(app, folder);
  outputs.set(key, known);
  return known;
}

function run(app: string, folder: string): Output {
  const args = [join(python, "tests/published.py"), folder, app];
  return JSON.parse(execFileSync(interpreter!, args, { encoding: "utf8", cwd: python })) as Output; // published.py prints it
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
function complete({ declarations, functions, classes }: Published): unknown {
  const all = classes?.map((each) => ({ ...each, signature: signatureOf(constructorOf(each), declarations) }));
  return {
    schemaVersion: 1,
    app: "media",
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
  };
}

/** Python's base85. */
function unbase85(text: string): Buffer {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 5) {
    const group = text.slice(at, at + 5);
    let value = 0;
    for (let digit = 0; digit < 5; digit++)
      value = value * 85 + (digit < group.length ? digits.indexOf(group[digit]!) : 84);
    for (let byte = 0; byte < group.length - 1; byte++) bytes.push(Math.floor(value / 256 ** (3 - byte)) & 255);
  }
  return Buffer.from(bytes);
}

describe.skipIf(!interpreter)("the manifest of a Python app", () => {
  test("is a manifest that farcall reads, with the types of its functions", async () => {
    const manifest = await parseManifest(complete(publish("media").manifest));
    const shown = manifest.functions
      .filter(({ mode, name }) => mode !== "web" && name !== "settings")
      .map((fn) => `${fn.name}(${printParameters(fn.parameters)}): ${printType(fn.returns)}`);
    expect(shown).toEqual([
      "resize(image: Uint8Array, options: ResizeOptions, quality?: number): Uint8Array",
      "catalogue(authors: AuthorInput[], frame?: Color, crop?: [left: number, top: number, width?: number] | null): Map<number, Book>",
      "items(since: string, limit?: number): Item",
      "total(label: string, ...values: number[], sign?: 1 | -1): number",
      "first(values: T[]): T",
      "renamed(a: unknown, b?: unknown): unknown",
      "numbers(n: number): number",
      "embed(texts: string, boost: number): number[]",
      "Model.predict(xs: number[], top?: number): number[]",
      "Model.stream(prompt: string): Book",
      'Plain.ping(): "pong"',
    ]);
    expect(manifest.declarations.map(printDeclaration)).toContain(
      "export interface Author {\n  name: string;\n  born: string;\n  books: Book[];\n}",
    );
    expect(
      manifest.classes!.map(({ name, constructors }) => `${name}(${printParameters(constructors[0]!.parameters)})`),
    ).toEqual(["Model(params: { size: string; depth?: number })", "Plain()"]);
  });

  test("of an app with what cannot cross is a manifest too", async () => {
    const { manifest, problems } = publish("awkward");
    expect(problems).toContain("resize(options.on_progress): Callable[[int], None] cannot cross");
    const parsed = await parseManifest(complete(manifest));
    expect(parsed.functions.map(({ returns }) => printType(returns))).toEqual([
      "number",
      "string",
      "unknown",
      "string",
    ]);
  });

  test("is read from the defaults of the carrying classes", () => {
    const { manifest, carriers } = publish("media");
    expect(carriers[0]![0]).toBe("FarcallManifest");
    const text = carriers.flatMap(([, parameters]) => parameters.map(([, value]) => value)).join("");
    expect(JSON.parse(inflateSync(unbase85(text)).toString())).toEqual(manifest);
  });

  test("is the same from the package and from the vendored file", () => {
    execFileSync(process.execPath, [join(python, "../scripts/vendor-python.ts"), join(vendored, "farcall.py")]);
    for (const app of ["media", "awkward"]) expect(publish(app, vendored)).toEqual(publish(app));
  }, 120_000);
});
