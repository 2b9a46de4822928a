/** `farcall init`: writes a set-up that works as it is. It overwrites nothing, so it can be run again. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { Context } from "./context.ts";
import { examples } from "./context.ts";
import { filesOf } from "./init-files.ts";
import type { PackageJson, Project } from "./project.ts";
import { addCommand, detectProject, execCommand } from "./project.ts";

interface InitOptions {
  example: boolean;
  yes?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument("[folder]", "the project's folder", ".")
    .option("--no-example", "leave out the example app and its consumer")
    .option("-y, --yes", "ask nothing")
    .option("--json", "print JSON");
  examples(command, [
    ["farcall init", "this folder; also an empty one"],
    ["farcall init --no-example", "config and scripts only"],
  ]);
  command.action(async (folder: string, options: InitOptions) => {
    const { output } = context;
    const found = detectProject(resolve(folder));
    const project = { ...found, esm: found.esm || found.fresh };
    const example = options.example && (await wantsExample(project, options, context));
    const written: string[] = [];
    const kept: string[] = [];
    const packageJson = packageJsonFor(project, example);
    if (packageJson) {
      mkdirSync(project.root, { recursive: true });
      writeFileSync(join(project.root, "package.json"), packageJson);
      written.push("package.json");
    }
    for (const [path, text] of filesOf(project, example, resolves(project.root, "@types/node"))) {
      if (existsSync(join(project.root, path))) {
        kept.push(path);
        continue;
      }
      mkdirSync(dirname(join(project.root, path)), { recursive: true });
      writeFileSync(join(project.root, path), text);
      written.push(path);
    }
    const next = nextSteps(project, example);
    output.document({ root: project.root, packageManager: project.packageManager, written, kept, next });
    for (const path of written) output.line(`${output.style("green", "wrote")} ${path}`);
    for (const path of kept) output.line(`${output.style("dim", "kept ")} ${path}`);
    output.line("\nNext:");
    for (const step of next) output.line(`  ${step}`);
  });
}

async function wantsExample(project: Project, options: InitOptions, { output, signal }: Context): Promise<boolean> {
  if (options.yes || !output.interactive || !process.stdin.isTTY || existsSync(join(project.root, appPath(project))))
    return true;
  const { createInterface } = await import("node:readline/promises");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(`Write an example app to ${appPath(project)}? [Y/n] `, { signal });
    return !/^n/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}

function appPath(project: Project): string {
  return project.esm ? "src/app.ts" : "src/app.mts";
}

/** Adds what is missing, in the order and with the indentation that JSON.stringify gives; undefined when nothing is. */
function packageJsonFor(project: Project, example: boolean): string | undefined {
  const before = project.packageJson;
  const after: PackageJson & { private?: boolean } = before
    ? { ...before }
    : { name: packageName(project.root), private: true };
  if (project.esm) after.type = "module";
  const scripts: Record<string, string> = { codegen: "farcall codegen" };
  if (example) scripts.deploy = `farcall deploy ${appPath(project)}`;
  after.scripts = { ...scripts, ...after.scripts };
  const text = `${JSON.stringify(after, undefined, 2)}\n`;
  return before && JSON.stringify(before) === JSON.stringify(after) ? undefined : text;
}

/** npm allows fewer names than file systems do. */
function packageName(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, "-")
    .replace(/^[-._]+|-+$/g, "");
  return name || "app";
}

function nextSteps(project: Project, example: boolean): string[] {
  const run = execCommand(project.packageManager);
  const steps: string[] = [];
  if (!resolves(project.root, "farcall")) steps.push(`${addCommand(project.packageManager)} farcall`);
  const missing = ["typescript", "@types/node"].filter((name) => !resolves(project.root, name));
  if (missing.length > 0) steps.push(`${addCommand(project.packageManager)} -D ${missing.join(" ")}`);
  steps.push(`${run} farcall deploy ${example ? appPath(project) : "YOUR_APP.ts"}`);
  steps.push(`${run} farcall codegen`);
  if (example) steps.push(`node ${project.esm ? "src/main.ts" : "src/main.mts"}`);
  return steps;
}

function resolves(root: string, name: string): boolean {
  try {
    createRequire(join(root, "package.json")).resolve(`${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}
