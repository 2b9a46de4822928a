/**
 * The types are part of the product: they must hold, refuse wrong calls briefly, and mean the same to every compiler that
 * users have. The statements are in the other files here, with `@ts-expect-error` on each call that has to be refused.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { COMPILERS, type Compiler, compile } from "../support/compile.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The compiler's output about the files here: the package's own are checked with the package. */
async function complaints(compiler: Compiler, project: string): Promise<string[]> {
  const output = await compile(compiler, project, here);
  let ours = true;
  return output.split("\n").filter((line) => {
    if (!line.startsWith(" ")) ours = !/^\.\.\/.*src\//.test(line);
    return ours && line !== "";
  });
}

describe.each(COMPILERS)("%s", (compiler) => {
  test("accepts correct calls and refuses wrong ones", async () => {
    expect(await complaints(compiler, here)).toEqual([]);
  });

  test("explains a wrong call in a line or two", async () => {
    const folder = await mkdtemp(join(here, "wrong-"));
    try {
      const calls = await readFile(join(here, "wrong-calls.txt"), "utf8");
      await writeFile(join(folder, "calls.ts"), calls);
      const project = JSON.stringify({ extends: "../tsconfig.json", include: ["*.ts"] });
      await writeFile(join(folder, "tsconfig.json"), project);
      const report = (await complaints(compiler, folder)).map((line) =>
        line.replace(/^.*calls\.ts\((\d+),(\d+)\): error /, "$1:$2 "),
      );
      // Compilers differ in the order of the members of a union and in how they wrap the same thing.
      const errors = report.filter((line) => !line.startsWith(" "));
      await expect(`${errors.join("\n")}\n`).toMatchFileSnapshot(`./__snapshots__/wrong-calls.${compiler}.txt`);
      // No more than two lines of reasons for each.
      expect(report.join("\n")).not.toMatch(/\n .*\n .*\n /);
      for (const line of report) expect(line.length).toBeLessThan(210);
      // A wrong name leads to the nearest.
      const text = report.join("\n");
      expect(text).toContain(`'"resise"' is not assignable to parameter of type '"resize"'`);
      expect(text).toContain(`'"imags"' is not assignable to parameter of type '"images"'`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
