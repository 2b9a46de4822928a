/** `farcall init`: writes a working set-up. It overwrites nothing, so it can be run again. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
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
import {
  callerText,
  MODAL_VERSION,
  type ModalFile,
  modalConfigText,
  modalSteps,
  publish,
  pythonNotes,
  quoted,
  readModalFile,
  shown,
  wantsPublish,
  writeHelper,
} from "../project/init-modal.ts";
import { addCommand, detectProject, execCommand, type Project } from "../project/project.ts";
import { Writer } from "../project/writer.ts";
import { ask, canAsk } from "../terminal/confirm.ts";
import { UsageError } from "../terminal/report.ts";

interface InitOptions {
  example: boolean;
  modal?: string;
  name?: string;
  pip?: boolean;
  yes?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument("[folder]", "the project's folder", ".")
    .option("--no-example", "leave out the example app and its consumer")
    .option("--modal <file>", "set up calls of the Modal app in this Python file")
    .option("--name <name>", "the Modal app's name, if the file does not show it")
    .option("--pip", "containers install the Python helper from PyPI, instead of using a copy next to the app")
    .option("-y, --yes", "ask nothing, and add the necessary lines to the Python file")
    .option("--json", "print JSON");
  examples(command, [
    ["farcall init", "this folder; also an empty one"],
    ["farcall init --no-example", "config and scripts only"],
    ["farcall init --modal app.py", "typed calls of a Modal app in Python"],
  ]);
  command.action(async (folder: string, options: InitOptions) => {
    const project = detectProject(resolve(folder));
    const layout = layoutOf(project);
    const configured = project.packageJson?.farcall
      ? "package.json"
      : CONFIG_FILES.find((name) => existsSync(join(project.root, name)));
    if (options.modal !== undefined) {
      const modal = { ...options, modal: options.modal };
      return await initModal(project, { ...layout, config: configured ?? layout.config }, modal, context);
    }
    if (options.name !== undefined || options.pip) throw new UsageError("--name and --pip belong to --modal FILE");
    const example = !configured && options.example && (await wantsExample(layout, options, context));
    const { written, kept } = await setUp(project, { ...layout, config: configured ?? layout.config }, example);
    const notes = notesOf(project);
    const next = nextSteps(project, layout, example);
    tell(project, { written, kept, notes, next }, context);
  });
}

interface Done {
  written: readonly string[];
  kept: readonly string[];
  /** The author's files that were changed, with their new lines. */
  changed?: readonly { path: string; lines: readonly string[] }[];
  notes: readonly string[];
  next: readonly string[];
}

function tell({ root, packageManager }: Project, done: Done, { output }: Context): void {
  const { written, kept, changed, notes, next } = done;
  output.document({ root, packageManager, ...done });
  for (const path of written) output.line(`${output.style("green", "wrote")} ${path}`);
  for (const { path, lines } of changed ?? []) {
    output.line(`${output.style("green", "changed")} ${path}`);
    for (const line of lines) output.line(`    ${output.style("green", `+ ${line}`)}`);
  }
  for (const path of kept) output.line(`${output.style("dim", "kept ")} ${path}`);
  for (const note of notes) output.line(`${output.style("yellow", "note ")} ${note}`);
  output.line("\nNext:");
  for (const step of next) output.line(`  ${step}`);
}

async function initModal(
  project: Project,
  layout: Layout,
  options: InitOptions & { modal: string },
  context: Context,
): Promise<void> {
  const { root, javascript } = project;
  const pip = options.pip === true;
  const mayAsk = !options.yes && canAsk(context.output);
  const answerTo = async (question: string) => (mayAsk ? await ask(question, context.signal) : undefined);
  const file = await readModalFile(resolve(options.modal), options.name, answerTo);
  const python = shown(root, file.path);
  const question = `Add farcall.publish(${file.app.variable}) to ${python}, so that its types travel with the deploy? [Y/n] `;
  const edits = wantsPublish(file) && (options.yes || isYes(await answerTo(question)));

  const writer = new Writer(root);
  writer.packageJson(project, { scripts: { codegen: "farcall codegen" }, dependencies: { modal: MODAL_VERSION } });
  if (!javascript) writer.write("tsconfig.json", tsconfigText(resolves(root, "@types/node")));
  const emit = javascript ? "js" : "ts";
  const config = modalConfigText(layout.config, file.app.name, layout.output, emit);
  writer.write(layout.config, config);
  if (!pip) writeHelper(root, file, writer);
  const changed = edits ? [{ path: python, lines: publish(file, pip) }] : [];
  const configured = writer.kept.includes(layout.config) || project.packageJson?.farcall !== undefined;
  const main = configured ? undefined : await writeCaller(project, layout, file, writer);

  const notes = [...notesOf(project), ...pythonNotes(root, file, pip)];
  if (configured && !writer.isSame(layout.config, config)) {
    notes.push(
      `${layout.config} stays as it is: it needs engine: "modal:" and the app ${JSON.stringify(file.app.name)}`,
    );
  }
  const dependency = project.packageJson?.dependencies?.["modal"];
  if (dependency !== undefined && dependency !== MODAL_VERSION) {
    notes.push(`package.json asks for modal ${dependency}; the engine works with modal ${MODAL_VERSION}`);
  }
  const install = installSteps(project);
  // The command that adds farcall also installs package.json's other dependencies.
  if (resolves(root, "farcall") && !resolves(root, "modal")) install.unshift(`${project.packageManager} install`);
  const next = [...install, ...modalSteps(project, file, execCommand(project.packageManager))];
  if (main) next.push(`node ${quoted(main)}`);
  tell(project, { written: writer.written, kept: writer.kept, changed, notes, next }, context);
}

/** The caller's path; `undefined` if Node could not run it. */
async function writeCaller(
  project: Project,
  layout: Layout,
  file: ModalFile,
  writer: Writer,
): Promise<string | undefined> {
  const index = await runnableIndex(project, layout);
  if (!index) return undefined;
  writer.write(layout.main, callerText(file, index));
  return layout.main;
}

function isYes(answer: string | undefined): boolean {
  return answer !== undefined && !/^n/i.test(answer.trim());
}

async function wantsExample(layout: Layout, options: InitOptions, { output, signal }: Context): Promise<boolean> {
  if (options.yes || !canAsk(output)) return true;
  return isYes(await ask(`Write an example app to ${layout.app}? [Y/n] `, signal));
}

async function setUp(project: Project, layout: Layout, example: boolean): Promise<Writer> {
  const { root, javascript } = project;
  const app = appNameOf(project);
  const writer = new Writer(root);
  const scripts = { codegen: "farcall codegen", ...(example && { deploy: `farcall deploy ${layout.app}` }) };
  writer.packageJson(project, { scripts });
  if (!javascript) writer.write("tsconfig.json", tsconfigText(resolves(root, "@types/node")));
  const emit = javascript ? "js" : "ts";
  writer.write(layout.config, configText(layout, { app, emit }));
  if (!example) return writer;
  writer.write(layout.app, appText(app));
  const index = await runnableIndex(project, layout);
  if (index) writer.write(layout.main, mainText(index, app));
  return writer;
}

/**
 * How a program next to the app imports the stubs, if Node can run it: with a tsconfig for a bundler, stubs import each other
 * in ways that Node cannot resolve.
 */
async function runnableIndex({ root, javascript }: Project, layout: Layout): Promise<string | undefined> {
  const style = await moduleStyle(join(root, layout.output));
  const extension = javascript ? (style.isModulePackage ? ".js" : ".mjs") : style.fileExtension;
  const isRunnable = style.importExtension === extension && (extension === ".mts" || style.isModulePackage);
  if (!javascript && !isRunnable) return undefined;
  const path = relative(dirname(layout.main), layout.output).replaceAll("\\", "/");
  return `${path.startsWith(".") ? path : `./${path}`}/index${extension}`;
}

/** Decisions and remaining steps that the files alone do not show. */
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
  const steps = installSteps(project);
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

/** The first command installs package.json's own dependencies too. */
function installSteps({ root, packageManager, javascript }: Project): string[] {
  const steps: string[] = [];
  if (!resolves(root, "farcall")) steps.push(`${addCommand(packageManager)} farcall`);
  const missing = javascript ? [] : ["typescript", "@types/node"].filter((name) => !resolves(root, name));
  if (missing.length > 0) steps.push(`${addCommand(packageManager)} -D ${missing.join(" ")}`);
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
