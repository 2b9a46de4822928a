/**
 * Makes stacks show the author's lines. Frames inside the artifact are mapped through its source map, which is read with the
 * first stack: Node's own support would parse a large bundle's map at every start, whether needed or not.
 */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { OWN_FOLDER } from "../runtime/index.ts";

/**
 * Maps the stacks of all errors from now on.
 * @param artifact URL of the bundled module; its map lies beside it as `<file>.map`
 * @param root folder that the map's sources are relative to
 */
export function mapStacks(artifact: string, root: string): void {
  let map: SourceMap | undefined | null;
  const load = (): SourceMap | null => {
    try {
      const json = readFileSync(`${fileURLToPath(artifact)}.map`, "utf8");
      return new SourceMap(JSON.parse(json) as SourceMapPayload);
    } catch {
      return null; // A broken map must not hide the original error: its lines are then the bundle's.
    }
  };
  const show = (site: NodeJS.CallSite): string => {
    const text = String(site);
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    if (site.getFileName() !== artifact || line === null || column === null) return text;
    if (map === undefined) map = load();
    const origin = map?.findEntry(line - 1, column - 1);
    if (!origin || !("originalSource" in origin) || !origin.originalSource) return text;
    const place = `${resolve(root, origin.originalSource)}:${origin.originalLine + 1}:${origin.originalColumn + 1}`;
    return text.replace(`${artifact}:${line}:${column}`, () => place);
  };
  Error.prepareStackTrace = (error, sites) => {
    // Frames of farcall's own code are dropped, except from errors that farcall itself raised.
    const others = sites.filter((site) => !isOwn(site));
    if (others.length < sites.length) while (others.at(-1)?.getFileName()?.startsWith("node:")) others.pop();
    const lines = (others.length > 0 ? others : sites).map((site) => `\n    at ${show(site)}`);
    return headline(error) + lines.join("");
  };
}

function isOwn(site: NodeJS.CallSite): boolean {
  const file = site.getFileName();
  return OWN_FOLDER !== undefined && (file?.startsWith(OWN_FOLDER) ?? false);
}

function headline(error: unknown): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error"; // `name` or `message` is a getter that throws
  }
}
