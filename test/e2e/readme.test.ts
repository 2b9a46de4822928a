/** The README is true: its tour is followed block by block in an empty folder, its wrong call is wrong in the way it says. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { run } from "../support/cli.ts";
import { temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");

interface Block {
  language: string;
  /** What follows the language: `file=src/app.ts`, `wrong`. */
  info: string;
  text: string;
}

async function blocksOf(path: string): Promise<Block[]> {
  const text = await readFile(path, "utf8");
  const fences = text.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm);
  return Array.from(fences, ([, language = "", info = "", body = ""]) => ({ language, info, text: body }));
}

test("the README's tour works as it stands", { timeout: 240_000 }, async () => {
  await using home = await temporaryHome();
  const folder = await mkdtemp(join(tmpdir(), "readme-"));
  try {
    // In place of `npm install`: the package as built, and the compiler. packed.test.ts installs for real.
    await mkdir(join(folder, "node_modules/.bin"), { recursive: true });
    await symlink(repo, join(folder, "node_modules/farcall"), "dir");
    await symlink(join(repo, "node_modules/typescript"), join(folder, "node_modules/typescript"), "dir");
    await symlink(join(repo, "dist/cli/farcall.js"), join(folder, "node_modules/.bin/farcall"));
    await symlink(join(repo, "dist/cli/codegen-bin.js"), join(folder, "node_modules/.bin/codegen"));
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "tour", type: "module" }));
    const PATH = [join(folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter);
    const inFolder = (program: string, ...args: string[]) =>
      run(program, args, { cwd: folder, env: { ...home.env, FARCALL_ENGINE: undefined, PATH } });
    const tsc = () =>
      inFolder(process.execPath, join(repo, "node_modules/typescript/bin/tsc"), "-p", ".", "--pretty", "false");

    let output = "";
    for (const { language, info, text } of await blocksOf(join(repo, "README.md"))) {
      const file = /^file=(.+)$/.exec(info)?.[1];
      if (file) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await writeFile(join(folder, file), text);
      } else if (info === "wrong") {
        const path = join(folder, "src/wrong.ts");
        await writeFile(path, text);
        output = (await tsc()).stdout.replace(/^.*?: (?=error)/gm, "");
        await rm(path);
      } else if (language === "sh") {
        for (const command of text.trim().split("\n")) {
          if (command.startsWith("npm install")) continue;
          const { code, stdout, stderr } = await inFolder("sh", "-c", command.replace(/^npx /, ""));
          expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
          output = stdout;
        }
      } else if (language === "text") {
        expect(output).toBe(text);
      } else {
        throw new Error(`nothing tests the README's block of ${language} ${info}`);
      }
    }
    expect((await tsc()).stdout).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
