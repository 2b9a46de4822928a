/** The package for programs that only call: `@farcall/client`, packed and installed into a folder without farcall. */
import { lstatSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stopHost } from "../../src/engines/local/index.ts";
import { farcall, run } from "../support/cli.ts";
import { COMPILERS, compile } from "../support/compile.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

const repo = resolve(import.meta.dirname, "../..");

/** The most bytes that a calling program has to install. */
const LARGEST = 2_000_000;

let home: TemporaryHome;
let parent: string;
let producer: string;
let consumer: string;
let env: Record<string, string | undefined>;

const APP = `import { App } from "farcall";
export const app = new App("small");
export class Point { x = 1 }
/** Adds. */
export const add = app.function(async function add(a: number, b: number) { return { sum: BigInt(a + b), at: new Date(0) }; });
export const count = app.function(async function* count(to: number) { for (let n = 0; n < to; n++) yield n; });
export const fail = app.function(async function fail(): Promise<void> { throw new RangeError("too much"); });
`;

const PROGRAM = `import { callOptions, Function, withLocal } from "@farcall/client";
import { small } from "./generated/index.ts";

const { sum, at } = await small.add.remote(1, 2, callOptions({ timeoutMs: 30_000 }));
const items: unknown[] = [sum, at.getTime()];
for await (const n of small.count.remoteGen(2)) items.push(n);
for await (const { sum } of small.add.map([1, 2], [3, 4])) items.push(sum);
items.push((await (await Function.fromName("small", "add").spawn(5, 6)).get()).sum);
items.push(await small.fail.remote().catch((error: unknown) => error instanceof RangeError));
{
  const local = withLocal(small, { add: async () => ({ sum: 100n, at }) });
  items.push((await small.add.remote(1, 2)).sum);
  local.restore();
}
console.log(items.join(" "));
`;

beforeAll(async () => {
  home = await temporaryHome();
  env = { ...home.env, FARCALL_ENGINE: undefined };
  parent = await mkdtemp(join(tmpdir(), "client-"));
  [producer, consumer] = [join(parent, "producer"), join(parent, "consumer")];
  const files: Record<string, string> = {
    "producer/package.json": JSON.stringify({ type: "module" }),
    "producer/app.ts": APP,
    "consumer/package.json": JSON.stringify({ type: "module" }),
    "consumer/farcall.config.json": JSON.stringify({ apps: ["small"] }),
    "consumer/src/main.ts": PROGRAM,
    "consumer/tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "es2022",
        lib: ["es2022", "esnext.disposable"],
        module: "nodenext",
        strict: true,
        skipLibCheck: false,
        allowImportingTsExtensions: true,
        types: ["node"],
        noEmit: true,
      },
      include: ["src"],
    }),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(parent, path, ".."), { recursive: true });
    await writeFile(join(parent, path), text);
  }
  await mkdir(join(producer, "node_modules"));
  await symlink(repo, join(producer, "node_modules/farcall"), "dir");
  const packed = await run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", parent], {
    cwd: join(repo, "packages/client"),
    env,
  });
  expect(packed.stderr).toBe("");
  const tarball = join(parent, packed.stdout.trim());
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", tarball];
  const installed = await run("npm", args, { cwd: consumer, env });
  expect([installed.code, installed.stderr]).toEqual([0, ""]);
});

afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
  if (parent) await rm(parent, { recursive: true, force: true });
});

describe.sequential("the packed client", () => {
  test("takes less than 2 MB with its dependencies", () => {
    expect(sizeOf(join(consumer, "node_modules"))).toBeLessThan(LARGEST);
  });

  test("is what stubs import in a project that depends on it, and what its programs run with", async () => {
    const deployed = await farcall(["deploy", "app.ts"], { cwd: producer, env });
    expect(deployed.code, deployed.stderr).toBe(0);
    const generated = await farcall(["codegen"], { cwd: consumer, env });
    expect(generated.code, generated.stderr).toBe(0);
    for (const name of ["small.ts", "index.ts"]) {
      const text = await readFile(join(consumer, "src/generated", name), "utf8");
      expect(text).toContain('"@farcall/client"');
      expect(text).not.toContain('"farcall"');
    }
    const ran = await run(process.execPath, ["src/main.ts"], { cwd: consumer, env });
    expect([ran.stderr, ran.stdout]).toEqual(["", "3 0 0 1 4 6 11 true 100\n"]);
  });

  test.each(COMPILERS)("compiles under %s, its own declarations included", async (compiler) => {
    await mkdir(join(consumer, "node_modules/@types"), { recursive: true });
    for (const name of ["@types/node", "undici-types"]) {
      await symlink(join(repo, "node_modules", name), join(consumer, "node_modules", name), "dir").catch(existing);
    }
    expect(await compile(compiler, join(consumer, "tsconfig.json"), consumer)).toBe("");
  });

  test("says what is missing where no host runs and farcall is not installed to start one", async () => {
    await stopHost(home.url);
    const ran = await run(process.execPath, ["src/main.ts"], { cwd: consumer, env });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("no host runs, and @farcall/client cannot start one by itself");
    expect(ran.stderr).toContain("beside @farcall/client");
  });
});

function existing(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

function sizeOf(path: string): number {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), stats.size);
}
