/**
 * `node scripts/refresh-page.ts docs/PAGE.md`: follows a page of the documentation in an empty folder, with the built package, and
 * writes what its commands print into the `text` blocks after them. test/docs checks that it is still so.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { commandsOf, FENCE, fileOf, install } from "../test/support/blocks.ts";

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
  await install(folder, ["@types/node"]);
  run("farcall init --yes");
  let printed = "";
  const text = readFileSync(page, "utf8").replace(FENCE, (block, language: string, info: string, body: string) => {
    const file = fileOf(info);
    if (file !== undefined) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), body);
    } else if (language === "sh") {
      for (const command of commandsOf(body)) printed = run(command);
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
