/** A program of a user's, run as a process of its own: `run` gives its output and how it ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const repo = resolve(import.meta.dirname, "../../..");

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Program {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves once stdout has this text. */
  said(text: string): Promise<void>;
}

/** `body` has `engine`, `app` (a Driver of app "work") and what they need in scope. */
export function program(body: string, env: Record<string, string | undefined>): Program {
  const folder = mkdtempSync(join(tmpdir(), "fc-"));
  const file = join(folder, "program.ts");
  writeFileSync(
    file,
    `import { localEngine } from ${JSON.stringify(`${repo}/src/engines/local/index.ts`)};
import { Driver } from ${JSON.stringify(`${repo}/test/engine/drive.ts`)};
const engine = localEngine("local:");
const app = new Driver(engine, "work");
${body}
`,
  );
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", file], {
    env: env as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const finished = new Promise<Finished>((done) => {
    child.on("close", (code, signal) => {
      rmSync(folder, { recursive: true });
      for (const listener of listeners) listener();
      done({ code, signal, stdout, stderr });
    });
  });
  return {
    child,
    finished,
    said: (text) =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (stdout.includes(text)) done();
          else if (child.exitCode !== null) fail(new Error(`it ended without saying "${text}":\n${stdout}\n${stderr}`));
          else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      }),
  };
}
