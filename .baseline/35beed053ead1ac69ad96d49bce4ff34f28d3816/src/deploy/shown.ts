/**
 * Paths as a deploy shows them: relative to the working directory, where terminals and editors look for them. Inside, and where the
 * working directory has nothing to do with the project, they are relative to the project.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { IntrospectionError, type Problem } from "../introspect/cache/index.ts";
import { DeployError } from "./errors.ts";

/** The folder that shown paths are relative to. @param root absolute folder of the project */
export function shownRoot(root: string): string {
  const cwd = process.cwd();
  return isWithin(cwd, root) || isWithin(root, cwd) ? cwd : root;
}

/** With forward slashes. @param file absolute */
export function shownPath(root: string, file: string): string {
  return relative(shownRoot(root), file).split(sep).join("/");
}

export function shownProblem(root: string, problem: Problem): Problem {
  return { ...problem, file: shownPath(root, resolve(root, problem.file)) };
}

/** The error, with the places of its problems as they are shown. */
export function shownError(root: string, error: unknown): unknown {
  const shown = (problem: Problem) => shownProblem(root, problem);
  if (error instanceof DeployError) {
    const { stage, summary, problems, hint, cause } = error;
    if (problems.length === 0) return error;
    return new DeployError(stage, summary, problems.map(shown), { hint, ...(cause !== undefined && { cause }) });
  }
  return error instanceof IntrospectionError ? new IntrospectionError(error.problems.map(shown)) : error;
}

function isWithin(folder: string, path: string): boolean {
  const from = relative(folder, path);
  return from !== ".." && !from.startsWith(`..${sep}`) && !isAbsolute(from);
}
