/**
 * The result of importing a module for a deploy, in a separate process (container/inspect.ts): which apps, functions
 * and classes it registers. The process writes one Inspection as JSON to its file descriptor 3, and exits with code 0.
 */
import type { FunctionMode, ResolvedFunctionOptions } from "../schema/index.ts";

export type Inspection =
  | { apps: InspectedApp[] }
  /** The import failed; the stack shows the author's lines. */
  | { error: { message: string; stack?: string; hint?: string } };

export interface InspectedApp {
  name: string;
  /** The module exports the app itself. */
  exported: boolean;
  functions: { name: string; mode: FunctionMode; options: ResolvedFunctionOptions }[];
  /** With their methods, including those that the author has made private. */
  classes: { name: string; methods: { name: string; options: ResolvedFunctionOptions }[] }[];
}
