/** The page's files: a fixed set, so that no path leads anywhere else. */
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

export interface Asset {
  type: string;
  body: Buffer;
}

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** By name, `main.js`. Where farcall runs from its sources the page does too: types are removed from what is asked for. */
export class Assets {
  readonly #folder = new URL("../page/", import.meta.url);
  readonly #names = new Set(readdirSync(this.#folder));

  get(name: string): Asset | undefined {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
    if (this.#names.has(name) && type !== undefined) return { type, body: readFileSync(new URL(name, this.#folder)) };
    const source = name.replace(/\.js$/, ".ts");
    if (!source.endsWith(".ts") || !this.#names.has(source)) return undefined;
    const text = stripTypeScriptTypes(readFileSync(new URL(source, this.#folder), "utf8"));
    return { type: TYPES["js"]!, body: Buffer.from(text) };
  }
}
