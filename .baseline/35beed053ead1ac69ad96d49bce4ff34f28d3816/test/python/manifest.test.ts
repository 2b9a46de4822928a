/**
 * What the Python package publishes, read by farcall's own schema: manifests of sample apps are parsed, printed and hashed here.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { printDeclaration, printParameters, printType } from "../../src/schema/index.ts";
import { modalPython, pythonMissing } from "../engines/modal/fake/index.ts";
import { complete, publish, python } from "./published.ts";

const vendored = mkdtempSync(join(tmpdir(), "farcall-vendored-"));
afterAll(() => rmSync(vendored, { recursive: true, force: true }));

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

describe.skipIf(!modalPython)(`the manifest of a Python app${pythonMissing}`, () => {
  test("is a manifest that farcall reads, with the types of its functions", async () => {
    const manifest = await complete(publish("media").manifest);
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
    const parsed = await complete(manifest);
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
