/** Imports a bundle in a process of its own and asks what it registers; see container/inspect.ts. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Artifact } from "../engine/index.ts";
import type { InspectedApp, Inspection } from "../wire/inspection.ts";
import { DeployError } from "./errors.ts";

const child = fileURLToPath(new URL(`../container/inspect${extname(import.meta.url)}`, import.meta.url));

/** A module that takes longer to load would not start in a container either. */
const LIMIT_MS = 60_000;
/** Of what the module printed, this much of the end goes into an error. */
const OUTPUT_TAIL = 2_000;

/** Throws DeployError when the import fails, with the stack in the author's lines. */
export async function inspect(artifact: Artifact, label: string): Promise<InspectedApp[]> {
  const folder = await mkdtemp(join(tmpdir(), "farcall-"));
  try {
    const file = join(folder, "app.mjs");
    await Promise.all([writeFile(file, artifact.code), writeFile(`${file}.map`, artifact.sourceMap)]);
    const { answer, output, end } = await run([child, file, artifact.root], artifact.root);
    if (answer === "") {
      throw new DeployError("inspect", `importing ${label} ended the process (${end})`, [], {
        hint: `a module that registers functions must load and return${tail(output)}`,
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

async function run(args: string[], cwd: string): Promise<Run> {
  const module = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const timer = setTimeout(() => module.kill("SIGKILL"), LIMIT_MS);
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
    for (const stream of module.stdio) stream?.destroy();
  }
}

function tail(output: string): string {
  return output.trim() === "" ? "" : `; it printed:\n${output.trim()}`;
}
