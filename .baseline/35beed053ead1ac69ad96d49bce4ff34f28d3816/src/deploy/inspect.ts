/** Imports a bundle in a process of its own and asks what it registers; see container/inspect.ts. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Artifact } from "../engine/index.ts";
import { inherited, pickVariables } from "../wire/environment.ts";
import type { InspectedApp, Inspection } from "../wire/inspection.ts";
import { DeployError } from "./errors.ts";

const child = fileURLToPath(new URL(`../container/inspect${extname(import.meta.url)}`, import.meta.url));

/** A module that takes longer to load would not start in a container either. */
const LIMIT_MS = 60_000;
/** Of what the module printed, this much of the end goes into an error. */
const OUTPUT_TAIL = 2_000;

/**
 * Under the environment that containers have. Which variables the functions' options name is known once the module has been
 * imported, so a module that needs some of them while it loads is imported with the shell's, and then with those it named.
 *
 * Throws DeployError when the import fails, with the stack in the author's lines.
 * @param shell the environment that the deploy runs in
 * @param signal kills the process
 */
export async function inspect(
  artifact: Artifact,
  label: string,
  shell: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<InspectedApp[]> {
  const importUnder = (env: NodeJS.ProcessEnv) => importModule({ env, artifact, label, signal });
  const own = { ...inherited(shell), ...pickVariables(shell, OWN) };
  try {
    return await importUnder(own);
  } catch (error) {
    const apps = await importUnder(shell).catch(() => undefined);
    if (!apps) throw error;
    try {
      return await importUnder({ ...own, ...named(apps, shell) });
    } catch (failure) {
      throw failure instanceof DeployError ? withoutVariables(failure) : failure;
    }
  }
}

/** What the options of an app's functions add to a container's environment. */
function named(apps: readonly InspectedApp[], shell: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const options = apps.flatMap(({ functions, classes }) =>
    [...functions, ...classes.flatMap(({ methods }) => methods)].map((one) => one.options),
  );
  const secrets = options.flatMap((one) => one.secrets);
  return Object.assign({}, ...options.map(({ env }) => env), pickVariables(shell, secrets));
}

function withoutVariables(error: DeployError): DeployError {
  return new DeployError(error.stage, error.message, [], {
    hint:
      "It loads in this shell, but containers do not inherit the shell's variables. Name those that it reads in the " +
      "option `secrets` (values copied at deploy) or `env` (values in the source) of the app or its functions.",
    cause: error,
  });
}

/** What the processes of farcall itself go by. */
const OWN = ["FARCALL_HOME", "FARCALL_ENGINE", "NODE_COMPILE_CACHE"];

interface Import {
  env: NodeJS.ProcessEnv;
  artifact: Artifact;
  label: string;
  signal: AbortSignal | undefined;
}

async function importModule({ env, artifact, label, signal }: Import): Promise<InspectedApp[]> {
  signal?.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), "farcall-"));
  try {
    const file = join(folder, "app.mjs");
    await Promise.all([writeFile(file, artifact.code), writeFile(`${file}.map`, artifact.sourceMap)]);
    const { answer, output, end } = await run([child, file, artifact.root], artifact.root, env, signal);
    signal?.throwIfAborted();
    if (answer === "") {
      throw new DeployError("inspect", `importing ${label} ended the process (${end})`, [], {
        hint: `The module must finish loading: move servers and endless loops out of it.${tail(output)}`,
      });
    }
    const inspection = JSON.parse(answer) as Inspection; // written by container/inspect.ts
    if ("apps" in inspection) return inspection.apps;
    const { message, stack, hint } = inspection.error;
    throw new DeployError("inspect", `importing ${label} failed: ${stack ?? message}`, [], { hint });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Run {
  answer: string;
  output: string;
  end: string;
}

async function run(args: string[], cwd: string, env: NodeJS.ProcessEnv, signal: AbortSignal | undefined): Promise<Run> {
  const module = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const kill = () => module.kill("SIGKILL");
  const timer = setTimeout(kill, LIMIT_MS);
  signal?.addEventListener("abort", kill, { once: true });
  let output = "";
  for (const stream of [module.stdout!, module.stderr!]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      output = (output + part).slice(-OUTPUT_TAIL);
    });
  }
  // `exit`, not `close`: what the module has started may hold its output open.
  const ended = new Promise<string>((resolve, reject) => {
    module.once("error", reject);
    module.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  try {
    const [answer, end] = await Promise.all([text(module.stdio[3] as Readable), ended]);
    return { answer, output, end };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
    for (const stream of module.stdio) stream?.destroy();
  }
}

function tail(output: string): string {
  return output.trim() === "" ? "" : ` It printed:\n${output.trim()}`;
}
