/** The page's files: a fixed set, so that no path leads anywhere else. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
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

/** What the page's modules import of other folders, where they lie from the page's own. The build has it in them. */
const SHARED = ["../../text/units.ts"];

/** Where farcall runs from its sources the page does too: types are removed from what is asked for. */
export class Assets {
  readonly #folder = new URL("../page/", import.meta.url);
  /** By path: `/page/main.js`. */
  readonly #files = new Map<string, URL>();

  constructor() {
    for (const name of readdirSync(this.#folder)) this.#files.set(`/page/${name}`, new URL(name, this.#folder));
    for (const path of SHARED) {
      const file = new URL(path, this.#folder);
      if (existsSync(file)) this.#files.set(new URL(path, "http://page/page/").pathname, file);
    }
  }

  /** A file of the page; the page itself for any path that is none. Undefined for a file that does not exist. */
  get(path: string): Asset | undefined {
    const source = path.replace(/\.js$/, ".ts");
    const file = this.#files.get(path) ?? this.#files.get(source);
    if (!file) return path.startsWith("/page/") ? undefined : this.get("/page/index.html");
    if (!file.pathname.endsWith(".ts")) {
      const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
      return type === undefined ? undefined : { type, body: readFileSync(file) };
    }
    const text = stripTypeScriptTypes(readFileSync(file, "utf8"));
    return { type: TYPES["js"]!, body: Buffer.from(text) };
  }
}
