/** What a program that uses farcall has on disk. */
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Benchmark, Measure, Target } from "./support/measure.ts";
import { peerName } from "./support/peers.ts";
import { REPOSITORY } from "./support/project.ts";

/** What an app that calls is compared with, and what a project that generates is. */
const CALLERS = ["piscina", "bullmq"];
const GENERATORS = ["openapi-typescript", "@hey-api/openapi-ts", "orval"];

const benchmark: Benchmark = {
  title: "installed size",
  about:
    "Each is installed by npm into an empty project, without optional packages, and everything in node_modules is added up. farcall and @farcall/client are the packages that `npm pack` " +
    "makes. A program that only calls needs one of the first measure, a project that generates one of the second.",
  run({ alone, log }) {
    const sizeOf = (spec: string): number[] => {
      log(`installing ${spec}`);
      return [installedSize(spec)];
    };
    const peers = (names: string[]) =>
      alone ? [] : names.map((name) => [peerName(name), sizeOf(peerName(name).replace(" ", "@"))] as const);
    const [callers, generators] = [peers(CALLERS), peers(GENERATORS)];
    const measure = (name: string, of: string, own: number[], others: typeof callers, targets: Target[]): Measure => ({
      name,
      unit: "MB",
      better: "lower",
      samples: { ...Object.fromEntries(others), [of]: own },
      targets,
    });
    const client = "@farcall/client";
    const smaller = {
      of: client,
      to: callers.map(([name]) => name).filter((name) => name.startsWith("bullmq")),
      ratio: 1 / 4,
    };
    return Promise.resolve([
      measure("to call", client, packed(join(REPOSITORY, "packages/client"), sizeOf), callers, [smaller]),
      measure("to generate", "farcall", packed(REPOSITORY, sizeOf), generators, []),
    ]);
  },
};

export default benchmark;

/** Calls `use` with the tarball of a package's folder. */
function packed<Result>(folder: string, use: (tarball: string) => Result): Result {
  return inFolder((target) => {
    const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", target];
    return use(join(target, execFileSync("npm", args, { cwd: folder, encoding: "utf8" }).trim()));
  });
}

/** Megabytes. */
function installedSize(spec: string): number {
  return inFolder((folder) => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    const omit = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
    execFileSync("npm", ["install", ...omit, spec], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    const modules = join(folder, "node_modules");
    const files = readdirSync(modules, { recursive: true, encoding: "utf8" }).map((name) =>
      lstatSync(join(modules, name)),
    );
    return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0) / 1e6;
  });
}

function inFolder<Result>(work: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "fcb-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
