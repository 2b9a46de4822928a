/** Whether a process is there, by its id. */
import { readFileSync } from "node:fs";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    // Behind the name in brackets: state, …, number of threads. Z: it has ended, and its parent has not noticed yet.
    // Its files are closed once its other threads have ended too.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return fields[0] !== "Z" || Number(fields[17]) > 1;
  } catch {
    // Not on Linux, or gone meanwhile, which the next look will show.
    return true;
  }
}
