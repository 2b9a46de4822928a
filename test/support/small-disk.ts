/** A disk of its own that can be filled. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CHUNK = Buffer.alloc(16 * 1024 * 1024);

export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Takes all room but so many bytes, until `free`. */
  fill(room?: number): void;
  free(): void;
}

/** Undefined where disks cannot be mounted: only root can. */
export function smallDisk(mebibytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), "fd-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=700`, "none", path], { stdio: "ignore" });
  } catch {
    rmdirSync(path);
    return undefined;
  }
  const ballast = join(path, "ballast");
  return {
    path,
    fill(room = 0) {
      const { bavail, bsize } = statfsSync(path);
      const file = openSync(ballast, "w");
      try {
        for (let left = bavail * bsize - room; left > 0; left -= CHUNK.length) {
          writeSync(file, CHUNK, 0, Math.min(left, CHUNK.length));
        }
      } catch (error) {
        // Somebody else was quicker.
        if ((error as { code?: string }).code !== "ENOSPC") throw error;
      } finally {
        closeSync(file);
      }
    },
    free() {
      rmSync(ballast, { force: true });
    },
    [Symbol.dispose]() {
      // Lazily: containers of a host that was killed may still be ending.
      execFileSync("umount", ["--lazy", path]);
      rmdirSync(path);
    },
  };
}
