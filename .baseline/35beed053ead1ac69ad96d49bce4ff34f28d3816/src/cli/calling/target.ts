/** `APP`, `APP/FUNCTION` and `APP/CLASS(ARGS).METHOD`, as written on the command line. */
import { UsageError } from "../terminal/report.ts";

export interface Target {
  app: string;
  /** For a method, `Model.predict`. */
  function?: string;
  /** The constructor's arguments as written: JSON, without the parentheses. */
  construct?: string;
}

export function parseTarget(text: string): Target {
  const method = /^([^/]+)\/([^/().]+)\((.*)\)\.([^/().]+)$/s.exec(text);
  if (method) return { app: method[1]!, function: `${method[2]}.${method[4]}`, construct: method[3]! };
  const [app = "", name, ...more] = text.split("/");
  if (app === "" || name === "" || more.length > 0 || name?.includes("(")) {
    throw new UsageError(
      `"${text}" is not APP, APP/FUNCTION or APP/CLASS(ARGS).METHOD`,
      `For example: images, images/resize or 'ml/Model("l").predict'.`,
    );
  }
  return name === undefined ? { app } : { app, function: name };
}

/** For commands that list things: the filter for an app, a function or a class; no filter when nothing is named. */
export function parseFilter(text: string | undefined, environment: string): Partial<Target> & { environment?: string } {
  if (text === undefined) return {};
  const { construct: _, ...target } = parseTarget(text);
  return { ...target, environment };
}

export function parseFunctionTarget(text: string): Target & { function: string } {
  const { app, function: name, ...rest } = parseTarget(text);
  if (name === undefined) {
    throw new UsageError(
      `"${text}" names an app, not a function`,
      `Write ${app}/FUNCTION. \`farcall describe ${app}\` lists the functions.`,
    );
  }
  return { app, function: name, ...rest };
}
