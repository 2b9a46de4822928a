/** What an operator asks of a NATS engine: `farcall doctor`. */
import type { EngineStatus, WorkerReport } from "../../engine/index.ts";
import { list } from "../../text/index.ts";
import { ask } from "./ask.ts";
import type { Connection } from "./connection.ts";
import { isMissingStream } from "./errors.ts";
import { type Grants, grantsOf } from "./grants.ts";
import { streams } from "./names.ts";

/** Clocks that differ by more make times and expiries wrong. */
const MAX_SKEW_MS = 2_000;
const RECOMMENDED = [2, 10] as const;

export async function statusOf(connection: Connection): Promise<EngineStatus> {
  const facts: EngineStatus["facts"] = [];
  const warnings: string[] = [];
  const { nc } = await connection.link();
  const version = nc.info?.version ?? "unknown";
  facts.push({ name: "server", value: `nats-server ${version} at ${nc.getServer()}` });
  if (isOlder(version)) warnings.push(`nats-server ${version} is old: use ${RECOMMENDED.join(".")} or newer.`);
  if (nc.info?.cluster) facts.push({ name: "cluster", value: nc.info.cluster });
  const grants = await grantsOf(connection);
  facts.push(...factsAbout(grants));
  warnings.push(...warningsAbout(grants));
  await lookAtStreams(connection, grants, { facts, warnings });
  const workers = await ask<WorkerReport>(connection, "workers", {});
  facts.push({ name: "workers", value: String(workers.length) });
  if (workers.length === 0) warnings.push("No worker is there. Start one: `farcall worker`.");
  const versions = new Set(workers.map((worker) => worker.version));
  if (versions.size > 1)
    warnings.push(`Workers run different versions of farcall: ${[...versions].sort().join(", ")}.`);
  return { facts, warnings };
}

/** How safe durable calls are, whether all streams are there, and the server's clock. */
async function lookAtStreams(
  connection: Connection,
  grants: Grants | undefined,
  { facts, warnings }: EngineStatus,
): Promise<void> {
  const replicas = (await connection.streamInfo(streams.apps)).config.num_replicas;
  facts.push({ name: "replicas", value: String(replicas) });
  if (replicas === 1) {
    warnings.push(
      "There is one copy of durable calls: a server acknowledges before the disk has them, unless it has `sync_interval: always`.",
    );
  }
  const { skew } = connection;
  if (Math.abs(skew) > MAX_SKEW_MS) {
    warnings.push(
      `The server's clock is ${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? "ahead of" : "behind"} this machine's.`,
    );
  }
  if (!grants?.roles.includes("operator")) return;
  for (const stream of Object.values(streams)) {
    try {
      const { config } = await connection.streamInfo(stream);
      if (config.num_replicas === replicas) continue;
      warnings.push(`${stream} has ${config.num_replicas} replicas, others ${replicas}: run \`farcall nats init\`.`);
    } catch (error) {
      if (!isMissingStream(error)) throw error;
      warnings.push(`${stream} is missing: run \`farcall nats init\`.`);
    }
  }
}

function factsAbout(grants: Grants | undefined): EngineStatus["facts"] {
  if (!grants) return [{ name: "roles", value: "unknown: the server does not say what these credentials may do" }];
  const { user, account, roles, unlimited } = grants;
  const all = unlimited ? "all: the server lets this user do everything" : roles.join(", ") || "none";
  return [
    ...(user === undefined ? [] : [{ name: "user", value: account === undefined ? user : `${user} of ${account}` }]),
    { name: "roles", value: all },
  ];
}

/** Of the role that lacks the least. */
function warningsAbout(grants: Grants | undefined): string[] {
  if (!grants || grants.roles.length > 0) return [];
  const [closest] = Object.entries(grants.missing)
    .map(([role, { publish, subscribe }]) => ({ role, publish, subscribe, count: publish.length + subscribe.length }))
    .sort((a, b) => a.count - b.count);
  if (!closest) return [];
  const { role, publish, subscribe } = closest;
  const lacks = [
    ...(publish.length > 0 ? [`publish ${list(publish)}`] : []),
    ...(subscribe.length > 0 ? [`subscribe to ${list(subscribe)}`] : []),
  ];
  return [`These credentials have no role in full. A ${role} may also ${lacks.join(" and ")}: \`farcall nats roles\`.`];
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < RECOMMENDED[0] || (major === RECOMMENDED[0] && minor < RECOMMENDED[1]);
}
