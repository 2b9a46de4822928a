/** `APP` and `APP/FUNCTION`, as people write them on the command line. */
import { UsageError } from "./terminal/report.ts";

export interface Target {
  app: string;
  function?: string;
}

export function parseTarget(text: string): Target {
  const [app = "", name, ...more] = text.split("/");
  if (app === "" || name === "" || more.length > 0) {
    throw new UsageError(`"${text}" is not APP or APP/FUNCTION`, "for example: images or images/resize");
  }
  return name === undefined ? { app } : { app, function: name };
}

export function parseFunctionTarget(text: string): Required<Target> {
  const { app, function: name } = parseTarget(text);
  if (name === undefined) {
    throw new UsageError(
      `"${text}" names an app, not a function`,
      `write ${app}/FUNCTION; farcall describe ${app} lists them`,
    );
  }
  return { app, function: name };
}
