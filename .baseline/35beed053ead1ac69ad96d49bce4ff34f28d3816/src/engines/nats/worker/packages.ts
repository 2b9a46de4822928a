/**
 * Packages that apps need and bundles do not bring, such as those with native code: npm installs them into a folder named by their
 * versions and by what they are built for, once for all versions of all apps that need the same.
 */
import { spawn } from "node:child_process";
import { hash as digest, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { EngineUnavailableError } from "../../../runtime/errors.ts";
import { inherited, pickVariables } from "../../../wire/environment.ts";
import type { PackageRef } from "../registry/index.ts";

/** After an installation has failed, it is tried again when it is asked for after so long. */
const AGAIN_MS = 30_000;
const INSTALL_LIMIT_MS = 600_000;
/** Another process that has the lock says so again and again; one that has not for so long is gone. */
const LOCK_REFRESH_MS = 2_000;
const LOCK_GONE_MS = 10_000;
const LOCK_LOOK_MS = 100;
/** Of npm's output, for the error. */
const SHOWN_LINES = 12;

export class Packages {
  readonly #folder: string;
  readonly #log: (line: string) => void;
  readonly #installed = new Map<string, Promise<string>>();

  /** @param folder absolute, for all packages */
  constructor(folder: string, log: (line: string) => void) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Makes the packages importable for modules in `root`. Rejects with EngineUnavailableError. */
  async install(packages: readonly PackageRef[], root: string): Promise<void> {
    const modules = await this.#modulesOf(packages);
    try {
      symlinkSync(modules, join(root, "node_modules"), "junction");
    } catch (error) {
      // `root` is named by the same packages, so it leads there already.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }

  /** The folder `node_modules` with the packages. */
  #modulesOf(packages: readonly PackageRef[]): Promise<string> {
    const key = packagesKey(packages);
    let installing = this.#installed.get(key);
    if (!installing) {
      installing = this.#installOnce(packages, join(this.#folder, key));
      this.#installed.set(key, installing);
      installing.catch(() => {
        setTimeout(() => this.#installed.delete(key), AGAIN_MS).unref();
      });
    }
    return installing;
  }

  async #installOnce(packages: readonly PackageRef[], folder: string): Promise<string> {
    const modules = join(folder, "node_modules");
    if (isFolder(modules)) return modules;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const unlock = await lock(`${folder}.lock`);
    try {
      if (isFolder(modules)) return modules;
      const names = packages.map(({ name, version }) => `${name}@${version}`).join(", ");
      this.#log(`installs ${names}`);
      await this.#installInto(packages, folder, names);
      this.#log(`installed ${names}`);
      return modules;
    } finally {
      unlock();
    }
  }

  async #installInto(packages: readonly PackageRef[], folder: string, names: string): Promise<void> {
    const temporary = `${folder}.${process.pid}-${randomBytes(4).toString("hex")}`;
    try {
      mkdirSync(temporary, { mode: 0o700 });
      const dependencies = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
      writeFileSync(join(temporary, "package.json"), JSON.stringify({ private: true, dependencies }));
      await npmInstall(temporary, names);
      // What has the name is whole. Where another process was quicker, its packages are the same.
      if (!isFolder(folder)) renameSync(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
}

/** The same for the same packages, on machines of one kind. */
export function packagesKey(packages: readonly PackageRef[]): string {
  const { platform, arch, versions } = process;
  return digest("sha256", JSON.stringify([platform, arch, versions.modules, packages])).slice(0, 32);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function npmInstall(cwd: string, names: string): Promise<void> {
  const args = ["install", "--omit=dev", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const settings = Object.keys(process.env).filter((name) => /^npm_config_/i.test(name));
  const child = spawn("npm", args, {
    cwd,
    // Install scripts are code of packages: they get no credentials of ours.
    env: { ...inherited(process.env), ...pickVariables(process.env, settings) },
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    timeout: INSTALL_LIMIT_MS,
    // npm is a script there.
    shell: process.platform === "win32",
  });
  let output = "";
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const problem = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(`npm cannot be run: ${error.message}`));
    child.once("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal ? `npm was ended by ${signal}` : `npm failed with exit code ${code}`);
    });
  });
  if (problem === undefined) return;
  const said = output.trim().split("\n").slice(0, SHOWN_LINES).join("\n");
  throw new EngineUnavailableError(`this worker cannot install ${names}: ${problem}${said && `\n${said}`}`, {
    hint: "Workers need npm, a registry that has the packages, and a compiler for those without a prebuilt binary.",
  });
}

/** Among the processes of this machine. Resolves to the function that gives it back. */
async function lock(file: string): Promise<() => void> {
  const own = `${process.pid}-${randomBytes(8).toString("hex")}`;
  for (;;) {
    try {
      writeFileSync(file, own, { flag: "wx" });
      const refresh = setInterval(() => {
        if (isOwn(file, own)) writeFileSync(file, own);
      }, LOCK_REFRESH_MS);
      refresh.unref();
      return () => {
        clearInterval(refresh);
        if (isOwn(file, own)) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    // Should two take it over at the same time, both install, and the first to be done counts.
    if (changed !== undefined && Date.now() - changed > LOCK_GONE_MS) rmSync(file, { force: true });
    await delay(LOCK_LOOK_MS);
  }
}

function isOwn(file: string, own: string): boolean {
  try {
    return readFileSync(file, "utf8") === own;
  } catch {
    return false; // Somebody has taken it over.
  }
}
