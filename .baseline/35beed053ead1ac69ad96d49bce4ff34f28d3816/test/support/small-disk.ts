/** A disk of its own that can be filled. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - room)));
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
