/**
 * `node scripts/refresh-page.ts docs/PAGE.md`: follows a page of the documentation in an empty folder, with the built package, and
 * writes what its commands print into the `text` blocks after them. test/docs checks that it is still so.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";

const repo = resolve(import.meta.dirname, "..");
const BLOCK = /^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm;

const page = process.argv[2];
if (page === undefined) throw new Error("which page?");
const folder = mkdtempSync(join(tmpdir(), "page-"));
const env = {
  ...process.env,
  FARCALL_HOME: join(folder, "home"),
  FARCALL_ENGINE: "",
  NO_COLOR: "1",
  PATH: [join(folder, "node_modules/.bin"), process.env["PATH"]].join(delimiter),
};
try {
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(repo, join(folder, "node_modules/farcall"), "dir");
  symlinkSync(join(repo, "dist/cli/farcall.js"), join(folder, "node_modules/.bin/farcall"));
  symlinkSync(join(repo, "dist/cli/codegen-bin.js"), join(folder, "node_modules/.bin/codegen"));
  symlinkSync(join(repo, "node_modules/@types"), join(folder, "node_modules/@types"), "dir");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "tour", type: "module" }));
  run("farcall init --yes");
  let printed = "";
  const text = readFileSync(page, "utf8").replace(BLOCK, (block, language: string, info: string, body: string) => {
    const file = /^file=(\S+)$/.exec(info)?.[1];
    if (file !== undefined) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), body);
    } else if (language === "sh") {
      for (const command of body.trim().split("\n")) printed = run(command.replace(/^npx /, ""));
    } else if (language === "text") return `\`\`\`text\n${printed.trimEnd()}\n\`\`\``;
    return block;
  });
  writeFileSync(page, text);
} finally {
  run("farcall host stop");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function run(command: string): string {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} exited with ${status}:\n${stdout}${stderr}`);
  return stdout + stderr;
}
