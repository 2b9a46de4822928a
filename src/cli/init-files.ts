/** The text of the files that `farcall init` writes. */
import type { Project } from "./project.ts";

/**
 * For a project that has none: what Node's type stripping needs, and what farcall's examples are checked with. Types that are not installed
 * would keep an app from being deployed.
 */
const tsconfig = (hasNodeTypes: boolean) => `{
  "compilerOptions": {
    "target": "es2022",
    "module": "nodenext",
${hasNodeTypes ? '    "types": ["node"],\n' : ""}    "strict": true,
    "noEmit": true,
    "allowImportingTsExtensions": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "skipLibCheck": true
  },
  "include": ["src", "farcall.config.ts"]
}
`;

const CONFIG_TS = `import { defineConfig } from "farcall";

export default defineConfig({
  // Which of the deployed apps to write stubs of; all of them when this is left out.
  apps: ["hello"],
  output: "src/generated",
});
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

const CONSUMER = `// Written for the stubs that codegen makes of the deployed app; it imports nothing of the app itself.
import { hello } from "./generated/index.ts";

const greeting = await hello.greet.remote("world", { shout: true });
console.log(greeting.text, greeting.at.getFullYear());

for await (const { text } of hello.greet.map(["Ada", "Grace"])) console.log(text);

for await (const i of hello.countdown.remoteGen(3)) console.log(i);
`;

/** Paths and contents. `.mts` in a CommonJS package, where a \`.ts\` file is no ES module. */
export function filesOf(project: Project, example: boolean, hasNodeTypes: boolean): [path: string, text: string][] {
  const extension = project.esm ? "ts" : "mts";
  const apps = example ? ["hello"] : ["*"];
  const config: [string, string] = project.esm
    ? ["farcall.config.ts", CONFIG_TS.replace('["hello"]', JSON.stringify(apps))]
    : ["farcall.config.json", `${JSON.stringify({ apps, output: "src/generated" }, undefined, 2)}\n`];
  const files: [string, string][] = [["tsconfig.json", tsconfig(hasNodeTypes)], config];
  if (example) files.push([`src/app.${extension}`, APP], [`src/main.${extension}`, CONSUMER]);
  return files;
}
