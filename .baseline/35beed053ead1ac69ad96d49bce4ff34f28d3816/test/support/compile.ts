/**
 * Type-checks a project with one of the compilers that users have. TypeScript 7 runs as a program; 5.9 and 6 run in the process
 * that test/support/global.ts starts for a whole run, since each check of its own would read the same declarations again.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { run } from "./cli.ts";
import type { CompileRequest } from "./compile-server.ts";

export type Compiler = "typescript" | CompileRequest["compiler"];
export const COMPILERS: readonly Compiler[] = ["typescript", "typescript-6", "typescript-5.9"];

/** The socket of the compile server. */
export const COMPILE_SERVER = "FARCALL_TEST_COMPILE_SERVER";

const modules = resolve(import.meta.dirname, "../../node_modules");

/** What `tsc --noEmit --pretty false` prints; empty when nothing is wrong. `project` is a tsconfig.json or its folder. */
export async function compile(compiler: Compiler, project: string, cwd: string): Promise<string> {
  const server = process.env[COMPILE_SERVER];
  if (compiler !== "typescript" && server) return ask(server, { compiler, project, cwd });
  // One thread: several take more time in all, and other tests use the other cores.
  const threads = compiler === "typescript" ? ["--singleThreaded"] : [];
  const tsc = resolve(modules, compiler, "bin/tsc");
  const args = [tsc, "--noEmit", "--pretty", "false", ...threads, "-p", project];
  const { stdout, stderr } = await run(process.execPath, args, { cwd });
  return stdout + stderr;
}

async function ask(server: string, request: CompileRequest): Promise<string> {
  const socket = connect(server);
  await once(socket, "connect");
  socket.end(JSON.stringify(request));
  return text(socket);
}
