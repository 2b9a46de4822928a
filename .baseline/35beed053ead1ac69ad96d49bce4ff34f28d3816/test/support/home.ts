/** A state directory of its own for a test, whose host is stopped and whose files are removed at the end of the scope. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopHost } from "../../src/engines/local/index.ts";

export interface TemporaryHome extends AsyncDisposable {
  readonly path: string;
  /** `local:<path>`. */
  readonly url: string;
  /** This process's environment with FARCALL_HOME and FARCALL_ENGINE set, for child processes. */
  readonly env: Record<string, string | undefined>;
}

export async function temporaryHome(env: Record<string, string> = {}): Promise<TemporaryHome> {
  // Short, since a socket's path has about a hundred bytes.
  const path = await mkdtemp(join(tmpdir(), "fc-"));
  const url = `local:${path}`;
  return {
    path,
    url,
    env: { ...process.env, FARCALL_HOME: path, FARCALL_ENGINE: url, ...env },
    async [Symbol.asyncDispose]() {
      await stopHost(url, { force: true });
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
