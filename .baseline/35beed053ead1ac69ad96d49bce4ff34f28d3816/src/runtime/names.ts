/** What may be the name of an app, a function or a class, and what may be a version. */
import { DEFAULT_ENVIRONMENT } from "../engine/index.ts";
import { currentContext } from "./context.ts";
import { InvalidError } from "./errors.ts";

/** Where functions are looked up when no environment is given: in a container, the one that it runs in. */
export function currentEnvironment(): string {
  return currentContext()?.environment ?? DEFAULT_ENVIRONMENT;
}

/** Names of functions and classes, and of apps that farcall deploys: they become identifiers, file names and parts of URLs. */
export function isName(value: string): boolean {
  return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(value);
}

/** Throws InvalidError unless it can name what farcall deploys. */
export function checkName(noun: "app" | "function" | "class", name: string): void {
  if (typeof name === "string" && isName(name)) return;
  throw new InvalidError(`${JSON.stringify(name)} cannot be the name of ${noun === "app" ? "an app" : `a ${noun}`}`, {
    hint: String(name).split(".").every(isName) ? dotHint(noun) : NAME_HINT,
  });
}

/**
 * Throws InvalidError for what cannot name an app on any engine. The rest is the engine's to judge: others than farcall's own
 * allow dots and leading digits.
 */
export function checkAppName(name: string): void {
  if (typeof name === "string" && /^[\p{L}\p{N}_$.-]+$/u.test(name)) return;
  throw new InvalidError(`${JSON.stringify(name)} cannot be the name of an app`, {
    hint: "A name consists of letters, digits, dots, - and _.",
  });
}

const NAME_HINT = "A name consists of letters, digits, - and _, and starts with a letter or _.";

function dotHint(noun: "app" | "function" | "class"): string {
  const rule = "A name has no dots: pass the app and the";
  if (noun !== "function") return `${rule} ${noun === "app" ? "function" : noun} separately, fromName(app, name).`;
  return `${rule} function separately, fromName(app, name). For a method of a class, write \`const Model = Class.fromName(app, "Model")\`, then \`new Model(…).method\`.`;
}

/** Throws InvalidError for what is not a version of an app. */
export function checkVersion(version: number | undefined): void {
  if (version === undefined || (Number.isSafeInteger(version) && version > 0)) return;
  throw new InvalidError(`${String(version)} is not a valid app version`, {
    hint: "Versions are whole numbers from 1 on, as `farcall describe` shows them. Without one, the newest is used.",
  });
}
