/** Memory of processes, read from /proc (Linux). */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessMemory {
  pid: number;
  /** Resident set, MB: all its pages in memory. */
  rss: number;
  /** MB of pages that no other process shares: the cost of one more such process. */
  private: number;
}

/** farcall's processes for a state directory, identified by their command lines. */
export function findProcesses(home: string): { hosts: number[]; containers: number[] } {
  const found = { hosts: [] as number[], containers: [] as number[] };
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = readProc(name, "environ");
    if (!environment?.split("\0").includes(`FARCALL_HOME=${home}`)) continue;
    const command = readProc(name, "cmdline") ?? "";
    if (command.startsWith("farcall host ")) found.hosts.push(Number(name));
    // The first: one that has loaded its function.
    else if (/^farcall: |container\/main\.[jt]s/.test(command)) found.containers.push(Number(name));
  }
  return found;
}

export function memoryOf(pid: number): ProcessMemory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const megabytes = (label: string): number =>
    Number(new RegExp(`^${label}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0) / 1024;
  return { pid, rss: megabytes("Rss"), private: megabytes("Private_Clean") + megabytes("Private_Dirty") };
}

/** Processor time of a process with all its threads, and of the children whose end it has seen, in seconds. */
export function processorTime(pid: number): { own: number; children: number } {
  // Behind the name of the program, which may have anything in it; in hundredths of a second on every Linux.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ").map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return { own: (user + system) / 100, children: (childrenUser + childrenSystem) / 100 };
}

/** A process can end while it is being read. */
function readProc(pid: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
