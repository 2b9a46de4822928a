/** farcall's introspection alone, without bundling and registering. */
import { join } from "node:path";
import { REPOSITORY } from "../support/project.ts";

const [root, entry] = process.argv.slice(2);
const { introspect }: typeof import("../../src/introspect/index.ts") = await import(
  join(REPOSITORY, "dist/introspect/index.js")
);
const { functions, declarations } = introspect(entry!, { root: root! });
console.log(JSON.stringify({ functions: functions.length, declarations: declarations.length }));
