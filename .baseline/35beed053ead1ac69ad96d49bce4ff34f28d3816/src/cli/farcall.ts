#!/usr/bin/env node
/** The `farcall` bin. Uses only syntax that an old Node can parse, so that it can report that Node is too old. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`farcall needs Node >= 22.18, this is ${process.versions.node}`);
  process.exitCode = 1;
} else {
  process.getBuiltinModule("node:module").enableCompileCache();
  const [command, ...rest] = process.argv.slice(2);
  if (command === "codegen") import("./codegen-main.ts").then(({ main }) => main(rest, "farcall codegen"));
  else import("./main.ts").then(({ main }) => main(process.argv.slice(2)));
}

export {};
