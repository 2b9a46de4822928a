/** What an operator asks of a NATS engine: `farcall doctor`. */
import type { EngineStatus, WorkerReport } from "../../engine/index.ts";
import { ask } from "./ask.ts";
import type { Connection } from "./connection.ts";
import { streams } from "./names.ts";

/** Clocks that differ by more make times and expiries wrong. */
const MAX_SKEW_MS = 2_000;
const RECOMMENDED = [2, 10] as const;

export async function statusOf(connection: Connection): Promise<EngineStatus> {
  const warnings: string[] = [];
  const { nc } = await connection.link();
  const version = nc.info?.version ?? "unknown";
  if (isOlder(version)) warnings.push(`nats-server ${version} is old: use ${RECOMMENDED.join(".")} or newer.`);
  const info = await connection.ask(({ jsm }) => jsm.streams.info(streams.calls));
  const replicas = info.config.num_replicas;
  if (replicas === 1) {
    warnings.push(
      "There is one copy of durable calls: a server acknowledges before the disk has them, unless it has `sync_interval: always`.",
    );
  }
  const skew = info.ts === undefined ? 0 : Date.parse(info.ts) - Date.now();
  if (Math.abs(skew) > MAX_SKEW_MS) {
    warnings.push(
      `The server's clock is ${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? "ahead of" : "behind"} this machine's.`,
    );
  }
  const workers = await ask<WorkerReport>(connection, "workers", {});
  if (workers.length === 0) warnings.push("No worker is there. Start one: `farcall worker`.");
  const versions = new Set(workers.map((worker) => worker.version));
  if (versions.size > 1)
    warnings.push(`Workers run different versions of farcall: ${[...versions].sort().join(", ")}.`);
  return {
    facts: [
      { name: "server", value: `nats-server ${version} at ${nc.getServer()}` },
      ...(nc.info?.cluster ? [{ name: "cluster", value: nc.info.cluster }] : []),
      { name: "replicas", value: String(replicas) },
      { name: "workers", value: String(workers.length) },
    ],
    warnings,
  };
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < RECOMMENDED[0] || (major === RECOMMENDED[0] && minor < RECOMMENDED[1]);
}
