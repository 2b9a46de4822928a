/**
 * farcall.lock.json: the manifests that the files were written from, so that they can be written again without an engine, and
 * the list of the files. It has one function per line and nothing that changes by itself, so that branches merge.
 */

import { type LockedManifest, unlockManifest } from "../plan/index.ts";
import { InvalidError } from "../runtime/errors.ts";

const LOCK_VERSION = 1;

export interface Lock {
  /** The version of farcall that wrote it. */
  generator: string;
  /** The files beside it, by name. */
  files: string[];
  apps: LockedManifest[];
}

export function printLock(lock: Lock): string {
  const { generator, files, apps } = lock;
  const lines = (items: readonly unknown[], indent: string) =>
    items.length === 0
      ? "[]"
      : `[\n${items.map((item) => `${indent}  ${JSON.stringify(item)}`).join(",\n")}\n${indent}]`;
  const appTexts = apps.map(({ declarations, functions, classes, ...head }) => {
    const fields = Object.entries(head).map(
      ([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
    );
    const lists = Object.entries({ declarations, functions, ...(classes && { classes }) }).map(
      ([key, items]) => `      ${JSON.stringify(key)}: ${lines(items, "      ")}`,
    );
    return `    {\n${fields.join("")}${lists.join(",\n")}\n    }`;
  });
  return `{
  "lockVersion": ${LOCK_VERSION},
  "generator": ${JSON.stringify(generator)},
  "files": ${lines(files, "  ")},
  "apps": ${appTexts.length === 0 ? "[]" : `[\n${appTexts.join(",\n")}\n  ]`}
}
`;
}

/** The parts of a lock file that can be read without checking its manifests. Throws InvalidError on one that cannot be read. */
function readLockHead(text: string, file: string): { generator: string; files: string[]; apps: unknown[] } {
  const refuse = (what: string, cause?: unknown) =>
    new InvalidError(`${file} ${what}`, {
      cause,
      hint: "Solve its merge conflicts, or delete it and run `farcall codegen` again.",
    });
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch (error) {
    throw refuse(`is not JSON: ${(error as Error).message}`, error);
  }
  if (typeof lock !== "object" || lock === null || !("lockVersion" in lock))
    throw refuse("is not a lock file of farcall");
  if (lock.lockVersion !== LOCK_VERSION)
    throw refuse(`has lock version ${JSON.stringify(lock.lockVersion)}; this farcall reads ${LOCK_VERSION}`);
  const { generator, files, apps } = lock as { generator?: unknown; files?: unknown; apps?: unknown };
  if (typeof generator !== "string" || !Array.isArray(apps) || !Array.isArray(files) || !files.every(isFileName)) {
    throw refuse("is not a lock file that farcall wrote");
  }
  return { generator, files, apps };
}

export async function readLock(text: string, file: string): Promise<Lock> {
  const { apps, ...head } = readLockHead(text, file);
  try {
    return { ...head, apps: await Promise.all(apps.map(unlockManifest)) };
  } catch (cause) {
    throw new InvalidError(`${file} holds a manifest that cannot be used: ${(cause as Error).message}`, {
      cause,
      hint: "Run `farcall codegen` without --offline to write it again.",
    });
  }
}

/** A lock file may have been edited: codegen deletes listed files when they go stale, so they must be next to it. */
function isFileName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/[/\\\0]/.test(value) && value !== "." && value !== "..";
}
