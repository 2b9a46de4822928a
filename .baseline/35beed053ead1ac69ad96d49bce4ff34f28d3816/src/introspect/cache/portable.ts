/**
 * A record on disk, and whether it holds for a project. One that was made in another folder (a copy, a temporary folder) holds
 * for a project too when nothing in it depended on where it was made: paths inside the project are kept relative to it, and
 * of the folders above it only those that both have in common may have given anything.
 */
import { createHash } from "node:crypto";
import { contentOf, disk, fingerprint, type Kind, type Listing, statOf } from "../files.ts";
import type { Recorded } from "./recorder.ts";

/** Paths inside the project start with `.`; the others are absolute. */
export interface Questions {
  /** Absolute folder that it was made in. */
  root: string;
  /** How many folders from the top a project elsewhere must have in common with it; undefined: it holds for this folder alone. */
  common: number | undefined;
  /** Digest and fingerprint by path. */
  contents: Record<string, [hash: string, fingerprint: string]>;
  kinds: Record<Kind, string[]>;
  /** Paths that are where they seem to be. */
  real: string[];
  links: Record<string, string>;
  /** Digests by path. */
  listings: Record<string, string>;
}

/** @param isBound whether it holds for this folder alone, whatever it asked */
export function toQuestions(recorded: Recorded, root: string, isBound: boolean): Questions {
  const { contents, kinds, realPaths, listings } = recorded;
  const here = slashes(root);
  const encode = (path: string) => toStored(here, slashes(path));
  const questions: Questions = {
    root,
    common: undefined,
    contents: {},
    kinds: { file: [], folder: [], nothing: [] },
    real: [],
    links: {},
    listings: {},
  };
  for (const [path, { hash, fingerprint }] of contents) questions.contents[encode(path)] = [hash, fingerprint];
  for (const [path, kind] of kinds) {
    // That its parents exist goes without saying.
    if ((kind === "file" && contents.has(path)) || (kind === "folder" && isInside(slashes(path), here))) continue;
    questions.kinds[kind].push(encode(path));
  }
  for (const [path, real] of realPaths) {
    if (path === real) questions.real.push(encode(path));
    else questions.links[encode(path)] = encode(real);
  }
  for (const [path, listing] of listings) questions.listings[encode(path)] = digest(listing);
  if (!isBound) questions.common = commonOf(questions, here);
  return questions;
}

/** The names that a project elsewhere need not have: its own, and those of folders above it. */
export function ownFolders({ root, common }: Questions): string[] {
  return common === undefined ? [] : partsOf(slashes(root)).slice(common);
}

/** Whether the disk still answers the same, for the project in a folder. */
export function hold(questions: Questions, root: string): boolean {
  const { contents, kinds, real, links, listings } = questions;
  const [there, here] = [slashes(questions.root), slashes(root)];
  const elsewhere = there === here ? undefined : moveTo(questions, there, here);
  if (there !== here && !elsewhere) return false;
  const decode = (path: string) => fromStored(here, path);
  // A question about a folder above may mean that very folder, or where it is from the project: both must be as they were.
  const meanings = (path: string): string[] => [decode(path), ...(elsewhere?.(path) ?? [])];
  return (
    Object.entries(contents).every(([path, [hash, print]]) => isSame(decode(path), hash, print)) &&
    (["file", "folder", "nothing"] as const).every((kind) =>
      kinds[kind].every((path) => meanings(path).every((one) => disk.kind(one) === kind)),
    ) &&
    Object.entries(listings).every(([path, listing]) => digest(disk.list(decode(path))) === listing) &&
    Object.entries(links).every(([path, to]) => slashes(disk.realPath(decode(path))) === decode(to)) &&
    real.every((path) => meanings(path).every((one) => slashes(disk.realPath(one)) === one))
  );
}

function isSame(path: string, hash: string, print: string): boolean {
  const stats = statOf(path);
  if (!stats?.isFile()) return false;
  return (print !== "" && fingerprint(stats) === print) || contentOf(path)?.hash === hash;
}

/** Undefined where a record cannot hold for a project there; else what a path above the project stands for there. */
function moveTo(questions: Questions, from: string, to: string): ((path: string) => string[]) | undefined {
  const { common } = questions;
  const [before, after] = [partsOf(from), partsOf(to)];
  if (common === undefined || before.length !== after.length) return undefined;
  if (before.slice(0, common).some((part, index) => part !== after[index])) return undefined;
  // What it found must not lie above the project there, where paths relative to it would be others.
  const branch = after.slice(0, common + 1);
  if (foundOutside(questions).some((path) => startsWith(partsOf(path), branch))) return undefined;
  return (path) => {
    if (path.startsWith(".")) return [];
    const parts = partsOf(path);
    const shared = sharedWith(parts, before);
    return shared > common ? [[...after.slice(0, shared), ...parts.slice(shared)].join("/")] : [];
  };
}

/** How many folders a project elsewhere must share: all that are above anything found. Undefined where that is nearly all. */
function commonOf(questions: Questions, root: string): number | undefined {
  const own = partsOf(root);
  const common = Math.max(1, ...foundOutside(questions).map((path) => sharedWith(partsOf(path), own)));
  // Beside what it found, it could be named from there in one word.
  return common <= own.length - 2 ? common : undefined;
}

/** Paths outside the project where something is. */
function foundOutside({ contents, kinds, links, listings }: Questions): string[] {
  return [
    ...Object.keys(contents),
    ...kinds.file,
    ...kinds.folder,
    ...Object.keys(listings),
    ...Object.entries(links).flat(),
  ].filter((path) => !path.startsWith("."));
}

function digest(listing: Listing): string {
  return createHash("sha256").update(JSON.stringify(listing)).digest("base64url");
}

// ---- paths ------------------------------------------------------------------------------------------------------

export function toStored(root: string, path: string): string {
  if (path === root) return ".";
  return isInside(root, path) ? `.${path.slice(root.length)}` : path;
}

export function fromStored(root: string, path: string): string {
  return path.startsWith(".") ? root + path.slice(1) : path;
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The first is the root or the drive. */
function partsOf(path: string): string[] {
  return path.split("/");
}

function sharedWith(parts: readonly string[], others: readonly string[]): number {
  const different = parts.findIndex((part, index) => part !== others[index]);
  return different === -1 ? parts.length : different;
}

function startsWith(parts: readonly string[], start: readonly string[]): boolean {
  return start.every((part, index) => part === parts[index]);
}

export function slashes(path: string): string {
  return path.replaceAll("\\", "/");
}
