/** `farcall init`: writes a set-up that works as it is. It overwrites nothing, so it can be run again. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { moduleStyle } from "../../codegen/index.ts";
import { CONFIG_FILES } from "../../config/index.ts";
import type { Context } from "../context.ts";
import { examples } from "../context.ts";
import {
  appNameOf,
  appText,
  configText,
  type Layout,
  layoutOf,
  mainText,
  tsconfigText,
} from "../project/init-files.ts";
import { addCommand, detectProject, execCommand, type PackageJson, type Project } from "../project/project.ts";
import { ask, canAsk } from "../terminal/confirm.ts";

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
    const project = detectProject(resolve(folder));
    const layout = layoutOf(project);
    const configured = project.packageJson?.farcall
      ? "package.json"
      : CONFIG_FILES.find((name) => existsSync(join(project.root, name)));
    const example = !configured && options.example && (await wantsExample(layout, options, context));
    const { written, kept } = await setUp(project, { ...layout, config: configured ?? layout.config }, example);
    const notes = notesOf(project);
    const next = nextSteps(project, layout, example);
    const { root, packageManager } = project;
    output.document({ root, packageManager, written, kept, notes, next });
    for (const path of written) output.line(`${output.style("green", "wrote")} ${path}`);
    for (const path of kept) output.line(`${output.style("dim", "kept ")} ${path}`);
    for (const note of notes) output.line(`${output.style("yellow", "note ")} ${note}`);
    output.line("\nNext:");
    for (const step of next) output.line(`  ${step}`);
  });
}

async function wantsExample(layout: Layout, options: InitOptions, { output, signal }: Context): Promise<boolean> {
  if (options.yes || !canAsk(output)) return true;
  return !/^n/i.test((await ask(`Write an example app to ${layout.app}? [Y/n] `, signal)).trim());
}

async function setUp(
  project: Project,
  layout: Layout,
  example: boolean,
): Promise<{ written: string[]; kept: string[] }> {
  const { root, javascript } = project;
  const app = appNameOf(project);
  const written: string[] = [];
  const kept: string[] = [];
  const write = (path: string, text: string) => {
    const file = join(root, path);
    if (existsSync(file)) return void kept.push(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    written.push(path);
  };
  const packageJson = packageJsonFor(project, layout, example);
  if (packageJson) {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, "package.json"), packageJson);
    written.push("package.json");
  }
  if (!javascript) write("tsconfig.json", tsconfigText(resolves(root, "@types/node")));
  const emit = javascript ? "js" : "ts";
  write(layout.config, configText(layout, { app, emit }));
  if (!example) return { written, kept };
  write(layout.app, appText(app));
  const index = await runnableIndex(project, layout);
  if (index) write(layout.main, mainText(index, app));
  return { written, kept };
}

/**
 * How a program beside the app imports the stubs, if Node can run that: a tsconfig made for a bundler has them import each other
 * in ways that Node cannot follow.
 */
async function runnableIndex({ root, javascript }: Project, layout: Layout): Promise<string | undefined> {
  const style = await moduleStyle(join(root, layout.output));
  const extension = javascript ? (style.isModulePackage ? ".js" : ".mjs") : style.fileExtension;
  const isRunnable = style.importExtension === extension && (extension === ".mts" || style.isModulePackage);
  if (!javascript && !isRunnable) return undefined;
  const path = relative(dirname(layout.main), layout.output).replaceAll("\\", "/");
  return `${path.startsWith(".") ? path : `./${path}`}/index${extension}`;
}

/** Adds what is missing and keeps the indentation; undefined when nothing is. */
function packageJsonFor(project: Project, layout: Layout, example: boolean): string | undefined {
  const before = project.packageJson;
  const after: PackageJson & { private?: boolean } = before
    ? { ...before }
    : { name: packageName(project.root), private: true };
  if (project.fresh) after.type = "module";
  const scripts: Record<string, string> = { codegen: "farcall codegen" };
  if (example) scripts.deploy = `farcall deploy ${layout.app}`;
  after.scripts = { ...before?.scripts, ...scripts, ...before?.scripts };
  if (before && JSON.stringify(before) === JSON.stringify(after)) return undefined;
  const text = before ? readFileSync(join(project.root, "package.json"), "utf8") : "";
  const indentation = /^([ \t]+)"/m.exec(text)?.[1] ?? "  ";
  return `${JSON.stringify(after, undefined, indentation)}\n`.replaceAll("\n", text.includes("\r\n") ? "\r\n" : "\n");
}

/** npm allows fewer names than file systems do. */
function packageName(root: string): string {
  const name = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, "-")
    .replace(/^[-._]+|-+$/g, "");
  return name || "app";
}

/** What was decided, or is left to do, that the files alone do not tell. */
function notesOf({ packageJson, esm, fresh, workspaces, framework }: Project): string[] {
  const notes: string[] = [];
  if (fresh && packageJson && !esm)
    notes.push('package.json now has "type": "module", since farcall\'s stubs are ES modules');
  if (workspaces)
    notes.push(
      "this is the root of a monorepo, so its module type was left as it is; `farcall init FOLDER` sets up one package",
    );
  if (!fresh && !esm) notes.push('this is a CommonJS package: write apps as .mts files, or set "type": "module"');
  if (framework === "next")
    notes.push('next.config needs serverExternalPackages: ["farcall"]; import stubs in server code');
  if (framework === "vite")
    notes.push("plugins: [farcall()] of farcall/vite in vite.config keeps stubs current; import them in server code");
  return notes;
}

function nextSteps(project: Project, layout: Layout, example: boolean): string[] {
  const { root, packageManager } = project;
  const run = execCommand(packageManager);
  const steps: string[] = [];
  if (!resolves(root, "farcall")) steps.push(`${addCommand(packageManager)} farcall`);
  const missing = project.javascript ? [] : ["typescript", "@types/node"].filter((name) => !resolves(root, name));
  if (missing.length > 0) steps.push(`${addCommand(packageManager)} -D ${missing.join(" ")}`);
  const deployed = /^farcall deploy (\S+)$/.exec(project.packageJson?.scripts?.deploy ?? "")?.[1];
  steps.push(`${run} farcall deploy ${example ? layout.app : (deployed ?? "YOUR_APP.ts")}`);
  steps.push(`${run} farcall codegen`);
  if (example)
    steps.push(
      existsSync(join(root, layout.main))
        ? `node ${layout.main}`
        : `${run} farcall call ${appNameOf(project)}/greet world`,
    );
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
