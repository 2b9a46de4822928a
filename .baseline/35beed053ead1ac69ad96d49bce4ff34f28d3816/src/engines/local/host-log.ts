/** host.log stays small: when it is too large it becomes host.log.1, in the place of an older one. */
import { copyFileSync, fstatSync, ftruncateSync, renameSync, statSync } from "node:fs";

const MAX_BYTES = 4 * 1024 * 1024;
/** Written since the last look at the file. */
const LOOK_BYTES = 256 * 1024;

/** Before a host is started that will write into it. */
export function rotateLog(file: string): void {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(file, `${file}.1`);
}

let written = 0;
let log: string | undefined;

/** This process writes into it, as its stderr. */
export function writesLog(file: string): void {
  log = file;
}

/** After `bytes` more were written to stderr. Nobody can open the file in its place, so it is emptied. */
export function keepLogSmall(bytes: number): void {
  written += bytes;
  if (log === undefined || written < LOOK_BYTES) return;
  written = 0;
  const ours = fstatSync(2);
  if (!ours.isFile() || ours.size <= MAX_BYTES) return;
  if (statSync(log, { throwIfNoEntry: false })?.ino !== ours.ino) return;
  copyFileSync(log, `${log}.1`);
  ftruncateSync(2, 0);
}
