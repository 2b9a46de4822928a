/** farcall's introspection alone, without bundling and registering. */
const [module, root, entry] = process.argv.slice(2);
const { introspect }: typeof import("../../src/introspect/index.ts") = await import(module!);
const { functions, declarations } = introspect(entry!, { root: root! });
console.log(JSON.stringify({ functions: functions.length, declarations: declarations.length }));
