/** Detects a project's package manager and module kind. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InvalidError } from "../../runtime/errors.ts";

type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

export interface PackageJson {
  name?: string;
  type?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  /** The monorepo's root. */
  workspaces?: unknown;
  /** A config, where there is one. */
  farcall?: unknown;
}

export interface Project {
  root: string;
  /** Absent when the folder has none. */
  packageJson: PackageJson | undefined;
  packageManager: PackageManager;
  esm: boolean;
  /**
   * No file depends on the module kind yet, so it can be chosen freely: the one that `npm init` writes is
   * a default, not a decision. False for the root of a monorepo, whose packages set their own kind.
   */
  fresh: boolean;
  /** The root of a monorepo. */
  workspaces: boolean;
  /** There is code, but no TypeScript. */
  javascript: boolean;
  framework: "next" | "vite" | undefined;
}

export function detectProject(root: string): Project {
  const packageJson = readPackageJson(join(root, "package.json"));
  const extensions = sourceExtensions(root);
  const workspaces = packageJson?.workspaces !== undefined || hasPnpmWorkspaces(root);
  const dependencies = { ...packageJson?.dependencies, ...packageJson?.devDependencies };
  return {
    root,
    packageJson,
    packageManager: detectPackageManager(root),
    esm: packageJson?.type === "module",
    fresh: !workspaces && !extensions.has(".js") && !extensions.has(".ts"),
    workspaces,
    javascript:
      extensions.has(".js") &&
      !extensions.has(".ts") &&
      !existsSync(join(root, "tsconfig.json")) &&
      !("typescript" in dependencies),
    framework: "next" in dependencies ? "next" : "vite" in dependencies ? "vite" : undefined,
  };
}

/** The file also exists in projects without packages, for other settings. */
function hasPnpmWorkspaces(root: string): boolean {
  const path = join(root, "pnpm-workspace.yaml");
  return existsSync(path) && /^packages\s*:/m.test(readFileSync(path, "utf8"));
}

/** `.js` and `.ts` if there are such files, JSX included. `.mjs` and the like mean the same in any package. */
function sourceExtensions(root: string): Set<string> {
  const found = new Set<string>();
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    if (!existsSync(folder)) continue;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules" && !entry.name.startsWith(".")) folders.push(join(folder, entry.name));
      } else if (!entry.name.startsWith("farcall.config.")) {
        const [, extension] = /(\.[jt]s)x?$/.exec(entry.name) ?? [];
        if (extension) found.add(extension);
      }
    }
    if (found.size === 2) break;
  }
  return found;
}

/** How this package manager runs a bin of the project. */
export function execCommand(manager: PackageManager): string {
  return { npm: "npx", pnpm: "pnpm exec", yarn: "yarn", bun: "bunx" }[manager];
}

export function addCommand(manager: PackageManager): string {
  return manager === "npm" ? "npm install" : `${manager} add`;
}

const lockfiles: readonly (readonly [file: string, manager: PackageManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
];

/** The nearest lockfile decides (it may be further up, in a monorepo), then the package manager that runs this process. */
function detectPackageManager(root: string): PackageManager {
  for (let folder = root; ; folder = dirname(folder)) {
    for (const [file, manager] of lockfiles) if (existsSync(join(folder, file))) return manager;
    if (folder === dirname(folder)) break;
  }
  const [, agent] = /^(npm|pnpm|yarn|bun)\//.exec(process.env.npm_config_user_agent ?? "") ?? [];
  return (agent as PackageManager | undefined) ?? "npm";
}

function readPackageJson(path: string): PackageJson | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidError(`${path} is not valid JSON: ${(error as Error).message}`, {
      hint: "Correct the file, then run the command again.",
    });
  }
}
