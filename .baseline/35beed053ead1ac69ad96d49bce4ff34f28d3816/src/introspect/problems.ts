/** What can be wrong with an app's source, each with its place, its path inside the type, and what to do about it. */
import { relative } from "node:path";
import type { ts } from "ts-morph";
import { FarcallError } from "../runtime/errors.ts";

/** Why a type is refused, for tools: the message says the same in words. */
export type RefusalReason =
  /** Values that the wire does not carry. */
  | "function"
  | "symbol"
  | "class"
  | "iterator"
  | "promise"
  | "stream"
  | "weak"
  | "signal"
  | "module"
  | "next"
  | "platform"
  | "wrapper"
  /** Types that callers could not be given, though values might cross. */
  | "scope"
  | "unnamed"
  | "untyped"
  | "unwritable"
  | "enum"
  | "this"
  /** Warnings. */
  | "any"
  | "missing"
  | "dropped"
  | "omitted";

export interface Problem {
  severity: "error" | "warning";
  /** Present where it is a type that is refused. */
  reason?: RefusalReason;
  /** Relative to the app's root, with forward slashes. */
  file: string;
  /** 1-based. */
  line: number;
  /** 1-based. */
  column: number;
  /** Where inside the function's type: `resize(options.onProgress)`, `resize() → items[].next`. */
  path?: string;
  message: string;
  hint?: string;
  /** The other functions that have it: the message names the first of them. */
  alsoIn?: readonly string[];
}

/** A problem at a node of the source. Where that is, is found once for all of them, by `placed`. */
export interface Fault extends Omit<Problem, "file" | "line" | "column"> {
  node: ts.Node;
  /** Another place, which the message ends with: `… is already registered in src/a.ts:3`. */
  other?: ts.Node;
}

/** Reports what is wrong at a node. */
export type Report = (node: ts.Node, message: string, hint: string) => void;

/** The source cannot be deployed. Has all its problems: first the errors, then the warnings. */
export class IntrospectionError extends FarcallError {
  readonly problems: readonly Problem[];

  constructor(found: readonly Problem[]) {
    const problems = [
      ...found.filter(({ severity }) => severity === "error"),
      ...found.filter(({ severity }) => severity !== "error"),
    ];
    super("FARCALL_INTROSPECTION", problems.map(formatProblem).join("\n"), {
      hint: problems.find(({ severity }) => severity === "error")?.hint,
    });
    this.problems = problems;
  }
}

/** As tsc prints a diagnostic: `src/app.ts(3,14): error TS2322: …`; a hint stands on a line of its own. */
export function formatProblem({ severity, file, line, column, path, message, hint }: Problem): string {
  const where = `${file}(${line},${column}): ${severity}`;
  const what = /^TS\d+: /.test(message) ? ` ${message}` : `: ${path === undefined ? "" : `${path}: `}${message}`;
  return `${where}${what}${hint === undefined ? "" : `\n  ${hint}`}`;
}

export function placed(root: string, { node, other, ...problem }: Fault): Problem {
  const { severity, reason, path, message, hint, alsoIn } = problem;
  const place = placeOf(root, node);
  const elsewhere = other && placeOf(root, other);
  return {
    severity,
    ...(reason === undefined ? {} : { reason }),
    ...place,
    ...(path === undefined ? {} : { path }),
    message: elsewhere ? `${message} ${elsewhere.file}:${elsewhere.line}` : message,
    ...(hint === undefined ? {} : { hint }),
    ...(alsoIn === undefined ? {} : { alsoIn }),
  };
}

export interface Place {
  file: string;
  line: number;
  column: number;
}

/** A path as manifests and problems have it. */
export function relativePath(root: string, file: string): string {
  return relative(root, file).replaceAll("\\", "/");
}

export function placeOf(root: string, node: ts.Node): Place {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return { file: relativePath(root, file.fileName), line: line + 1, column: character + 1 };
}
