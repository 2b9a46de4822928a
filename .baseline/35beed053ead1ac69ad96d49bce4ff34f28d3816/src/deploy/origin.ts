/** Where a deploy comes from: the package, its folder, its place in git, and whoever deploys. */
import { execFile } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join, relative, resolve, sep } from "node:path";
import type { DeploymentOrigin, RepositoryPlace } from "../engine/index.ts";

/** Git that takes longer, for example on a network folder, is left out. */
const LIMIT_MS = 5_000;

/**
 * @param root absolute folder of the project
 * @param entry absolute path of the module that is deployed
 * @param place what `repositoryOf` gave: it stays the same while the revision changes
 */
export async function originOf(
  root: string,
  entry: string,
  place: Promise<RepositoryPlace | undefined>,
): Promise<DeploymentOrigin> {
  const folder = realpathSync(root);
  const [repository, revision] = await Promise.all([place, revisionOf(folder)]);
  const project = packageName(folder);
  return {
    ...(project !== undefined && { project }),
    folder,
    entry: slashes(relative(folder, realpathSync(entry))),
    user: currentUser(),
    ...(revision !== undefined && { revision }),
    ...(repository && { repository }),
  };
}

/** Who runs this process and where: `ada@laptop`. */
export function currentUser(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return process.env["USER"] ?? process.env["USERNAME"] ?? String(process.getuid?.() ?? "unknown");
  }
}

function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // A project need not have one, and what is wrong with it is not the deploy's business.
    return undefined;
  }
}

/** Where a folder lies in git; undefined when it does not. */
export async function repositoryOf(root: string): Promise<RepositoryPlace | undefined> {
  const folder = realpathSync(root);
  const [places, url] = await Promise.all([
    git(folder, ["rev-parse", "--git-common-dir", "--show-toplevel"]),
    git(folder, ["config", "--get", "remote.origin.url"]),
  ]);
  const [common, top] = places?.split("\n") ?? [];
  if (!common || !top) return undefined;
  const remote = url && remotePlace(url);
  return {
    folder: realpathSync(resolve(folder, common)),
    path: slashes(relative(realpathSync(top), folder)),
    ...(remote && { remote }),
  };
}

/** Also of a repository without commits: undefined. */
function revisionOf(folder: string): Promise<string | undefined> {
  return git(folder, ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]);
}

/** What git prints; undefined where there is no git, no repository or no answer. */
function git(folder: string, args: readonly string[]): Promise<string | undefined> {
  // A deploy from a git hook has variables that name the hook's own repository.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  return new Promise((done) => {
    execFile(
      "git",
      ["-C", folder, ...args],
      { env: { ...env, GIT_OPTIONAL_LOCKS: "0" }, timeout: LIMIT_MS, windowsHide: true },
      (error, stdout) => done(error ? undefined : stdout.trim() || undefined),
    );
  });
}

/**
 * Host and path of a remote, the same for `git@github.com:acme/shop.git` and `https://ada:secret@github.com/acme/shop`. Nothing
 * of a folder on this machine, whose path means something else on another.
 */
export function remotePlace(url: string): string | undefined {
  const [, host, path] = /^\w[\w+.-]*:\/\/(?:[^/@]*@)?([^/:]+)(?::\d+)?\/(.+)$/.exec(url) ??
    /^(?:[^/@:\\]+@)?([^/:\\]{2,}):(?!\/\/)(.+)$/.exec(url) ?? [undefined, undefined, undefined];
  if (!host || !path) return undefined;
  return `${host.toLowerCase()}/${path.replace(/^\/+|\/+$/g, "").replace(/\.git$/, "")}`;
}

function slashes(path: string): string {
  return path.split(sep).join("/");
}
