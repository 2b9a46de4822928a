/** The text of the files that `farcall init` writes. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { toIdentifier } from "../../plan/index.ts";
import { isName } from "../../runtime/index.ts";
import { isBindingName } from "../../schema/index.ts";
import type { Project } from "./project.ts";

/**
 * For a project without a tsconfig: what Node's type stripping needs, and what farcall's examples are checked with. Listing types that are not
 * installed would prevent a deploy. Node's types declare `fetch`, `URL` and `console` too; with them, reading a browser's types would only
 * waste time (a seventh of a deploy).
 */
export const tsconfigText = (hasNodeTypes: boolean) => `{
  "compilerOptions": {
    "target": "es2022",
    "module": "nodenext",
${hasNodeTypes ? '    "lib": ["es2024"],\n    "types": ["node"],\n' : ""}    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "verbatimModuleSyntax": true,
    "skipLibCheck": true
  },
  "include": ["src", "farcall.config.ts"]
}
`;

const APP = `import { App } from "farcall";

export const app = new App("hello");

export interface Greeting {
  text: string;
  /** When it was said. */
  at: Date;
}

/**
 * Greets somebody.
 * @param name Who to greet.
 */
export const greet = app.function(async function greet(name: string, options?: { shout?: boolean }): Promise<Greeting> {
  const text = \`Hello, \${name}!\`;
  return { text: options?.shout ? text.toUpperCase() : text, at: new Date() };
});

/** Counts down to one. */
export const countdown = app.function(async function* countdown(from: number) {
  for (let i = from; i > 0; i--) yield i;
});
`;

export function appText(app: string): string {
  return APP.replace('"hello"', JSON.stringify(app));
}

const CONSUMER = `// Uses the stubs that codegen writes for the deployed app; it does not import the app itself.
import { hello } from "./generated/index.ts";

const greeting = await hello.greet.remote("world", { shout: true });
console.log(greeting.text, greeting.at.getFullYear());

for await (const { text } of hello.greet.map(["Ada", "Grace"])) console.log(text);

for await (const i of hello.countdown.remoteGen(3)) console.log(i);
`;

/** The paths of a set-up's files, relative to the project. */
export interface Layout {
  config: string;
  output: string;
  app: string;
  main: string;
}

/**
 * In a project with code, the example gets its own folder, and the others stay as they are. `.mts` in a CommonJS package,
 * where a `.ts` file is not an ES module.
 */
export function layoutOf({ root, esm, fresh, javascript }: Project): Layout {
  const config = esm || fresh ? "farcall.config.ts" : "farcall.config.json";
  if (fresh) return { config, output: "src/generated", app: "src/app.ts", main: "src/main.ts" };
  const base = existsSync(join(root, "src")) ? "src/" : "";
  const m = esm ? "" : "m";
  return {
    config,
    output: `${base}generated`,
    app: `${base}farcall/hello.${m}ts`,
    main: `${base}farcall/main.${m}${javascript ? "js" : "ts"}`,
  };
}

export function configText({ config, output }: Layout, { app, emit }: { app: string; emit: "ts" | "js" }): string {
  const apps = [app];
  if (config.endsWith(".json"))
    return `${JSON.stringify({ apps, output, ...(emit === "js" ? { emit } : {}) }, undefined, 2)}\n`;
  const emitLine = emit === "js" ? `\n  emit: "js",` : "";
  return `import { defineConfig } from "farcall";

export default defineConfig({
  // The deployed apps to write stubs for, by the name in \`new App(…)\`.
  apps: ${JSON.stringify(apps)},
  output: "${output}",${emitLine}
});
`;
}

/** @param index how the program imports the stubs */
export function mainText(index: string, app: string): string {
  const name = toIdentifier(app);
  // Names that the program already uses, or that a variable cannot have.
  const stubs = isBindingName(name) && !["greeting", "text", "i", "console"].includes(name) ? name : "stubs";
  return CONSUMER.replace("./generated/index.ts", index)
    .replace("{ hello }", name === stubs ? `{ ${name} }` : `{ ${name} as ${stubs} }`)
    .replaceAll("hello.", `${stubs}.`);
}

/**
 * The name of a project's app: its package's name, or its folder's. With the scope, since the apps of all of a user's projects
 * share one namespace: `@acme/shop` is `acme-shop`.
 */
export function appNameOf({ root, packageJson }: Project): string {
  const name = (packageJson?.name ?? basename(root))
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}_-]+/gu, "-")
    .replace(/^-+|-+$/g, "");
  if (name === "") return "app";
  return isName(name) ? name : `app-${name}`;
}
