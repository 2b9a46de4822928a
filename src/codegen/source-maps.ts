/**
 * Declaration maps: "go to definition" on a stub leads to the function that its author wrote, if that file can be reached
 * from the project, as in a monorepo.
 */
import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { AppPlan } from "../plan/index.ts";
import { MARKER } from "./files/index.ts";

/** The map of an app's declaration file; undefined when none of its functions' sources can be reached. `root` is the config's folder. */
export function declarationMap(app: AppPlan, file: string, text: string, root: string): string | undefined {
  const sources: string[] = [];
  const lines = text.split("\n");
  const segments = new Map<number, string>();
  const last = { source: 0, line: 0 };
  const known = new Map([...app.functions, ...app.classes].map(({ local, source }) => [local, source]));
  const paths = new Map<string, string | undefined>();
  for (const [line, text] of lines.entries()) {
    const [, local = ""] = /\bdeclare const ([^\s:]+):/.exec(text) ?? [];
    const [, name = "", number = "1"] = /^(.*):(\d+)$/s.exec(known.get(local) ?? "") ?? [];
    // Overloads repeat it.
    known.delete(local);
    if (!paths.has(name)) paths.set(name, findSource(name, root));
    const path = paths.get(name);
    if (path === undefined) continue;
    const specifier = relative(dirname(file), path).split(sep).join("/");
    if (!sources.includes(specifier)) sources.push(specifier);
    const index = sources.indexOf(specifier);
    const column = text.indexOf(local, text.indexOf("declare const "));
    // Generated column, then source, line and column relative to those of the segment before; columns there are all 0.
    segments.set(line, [column, index - last.source, Number(number) - 1 - last.line, 0].map(encode).join(""));
    Object.assign(last, { source: index, line: Number(number) - 1 });
  }
  if (segments.size === 0) return undefined;
  const mappings = lines
    .map((_, line) => segments.get(line) ?? "")
    .join(";")
    .replace(/;+$/, "");
  const name = file.slice(file.lastIndexOf(sep) + 1);
  return `${JSON.stringify({ version: 3, x_generator: MARKER, file: name, sourceRoot: "", sources, names: [], mappings })}\n`;
}

/** A manifest's paths are relative to the author's project, which may be the config's folder or one above it. */
function findSource(name: string, root: string): string | undefined {
  if (name === "" || name.split("/").includes("..")) return undefined;
  for (let at = root; ; at = dirname(at)) {
    const path = join(at, name);
    if (existsSync(path)) return path;
    if (at === dirname(at)) return undefined;
  }
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 VLQ, as in source maps. */
function encode(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
