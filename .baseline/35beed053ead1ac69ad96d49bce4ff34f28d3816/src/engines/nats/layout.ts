/** The streams of a NATS engine: what `farcall nats init` makes, and what is checked of it. */
import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerConfig, JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import { InvalidError } from "../../runtime/errors.ts";
import type { Connection } from "./connection.ts";
import { isMissingConsumer, isMissingStream, isWithoutPeers } from "./errors.ts";
import { APPS, HOME, KEYS, PREFIX, SCALE, streams, subjects } from "./names.ts";
import type { InitOptions, InitStep } from "./reports.ts";

const KEPT_DEPLOYS = 64;
const LOGS_MS = 7 * 86_400_000;
const LOGS_BYTES = 1024 ** 3;
const PEERS_MS = 10_000;

interface Layout {
  what: string;
  config: Partial<StreamConfig> & { name: string };
}

/** A key-value bucket of NATS is a stream with such a configuration; its own tools read and show it as one. */
function bucket(name: string, history: number): Partial<StreamConfig> & { name: string } {
  return {
    name: `KV_${name}`,
    subjects: [`$KV.${name}.>`],
    max_msgs_per_subject: history,
    allow_rollup_hdrs: true,
    deny_delete: true,
  } as Partial<StreamConfig> & { name: string };
}

function layouts(): Layout[] {
  const common = { storage: "file", retention: "limits", discard: "new", allow_direct: true } as Partial<StreamConfig>;
  return [
    { what: "deployed apps", config: { ...common, ...bucket(APPS, KEPT_DEPLOYS) } },
    { what: "what updateAutoscaler has set", config: { ...common, ...bucket(SCALE, 1) } },
    {
      what: "code and manifests of deployed versions",
      config: { ...common, name: streams.objects, subjects: [`${PREFIX}.obj.*.*`], max_msgs_per_subject: 1 },
    },
    { what: "idempotency keys", config: { ...common, ...bucket(KEYS, 1) } },
    {
      what: "durable calls",
      config: { ...common, name: streams.calls, subjects: [`${PREFIX}.call.*.*`], max_msgs_per_subject: 1 },
    },
    { what: "their inputs", config: { ...common, name: streams.inputs, subjects: [`${PREFIX}.in.*.*`] } },
    {
      what: "what containers print",
      config: {
        ...common,
        name: streams.logs,
        subjects: [`${PREFIX}.log.*.*.*.*`],
        discard: "old",
        max_age: LOGS_MS * 1_000_000,
        max_bytes: LOGS_BYTES,
      } as Partial<StreamConfig> & { name: string },
    },
    { what: "their outputs", config: { ...common, name: streams.outputs, subjects: [`${PREFIX}.out.*.*`] } },
  ];
}

/** A worker that does not say for so long that it is at home to a call has lost it. */
const ACK_WAIT_MS = 30_000;

async function homeConsumer(connection: Connection, dryRun: boolean): Promise<InitStep> {
  const step = { stream: `${streams.calls}/${HOME}`, what: "who is at home to a durable call" };
  const config: Partial<ConsumerConfig> = {
    durable_name: HOME,
    filter_subject: subjects.calls("accepted"),
    ack_policy: "explicit",
    deliver_policy: "all",
    ack_wait: (Number(process.env["FARCALL_NATS_HOME_MS"]) || ACK_WAIT_MS) * 1_000_000,
    max_deliver: -1,
    max_ack_pending: -1,
  };
  return connection.ask(async ({ jsm }): Promise<InitStep> => {
    const found = await jsm.consumers.info(streams.calls, HOME).catch((error: unknown) => {
      if (isMissingStream(error) || isMissingConsumer(error)) return undefined;
      throw error;
    });
    if (found) {
      if (found.config.ack_wait === config.ack_wait) return { ...step, action: "keep" };
      if (!dryRun) await jsm.consumers.update(streams.calls, HOME, config);
      return { ...step, action: "update", detail: "ack_wait" };
    }
    if (!dryRun) await jsm.consumers.add(streams.calls, config);
    return { ...step, action: "create" };
  });
}

/** Idempotent: what is there already is kept, and only what differs is changed. Rejects with FarcallError. */
export async function initialize(
  connection: Connection,
  { replicas, dryRun = false }: InitOptions,
): Promise<InitStep[]> {
  if (![1, 3, 5].includes(replicas)) {
    throw new InvalidError(`${replicas} replicas make no quorum`, { hint: "Use 1, 3 or 5 replicas." });
  }
  // Whoever is no operator is told so before anything is looked at.
  await connection.ask(({ jsm }) => jsm.getAccountInfo());
  const steps: InitStep[] = [];
  for (const { what, config } of layouts()) {
    const wanted = { ...config, num_replicas: replicas };
    const step = await connection.ask(async ({ jsm }): Promise<InitStep> => {
      const found = await jsm.streams.info(config.name).catch((error: unknown) => {
        if (isMissingStream(error)) return undefined;
        throw error;
      });
      if (!found) {
        if (!dryRun) await add(jsm, wanted);
        return { stream: config.name, what, action: "create" };
      }
      const differs = differences(wanted, found.config);
      if (differs.length === 0) return { stream: config.name, what, action: "keep" };
      if (!dryRun) await jsm.streams.update(config.name, wanted);
      return { stream: config.name, what, action: "update", detail: differs.join(", ") };
    });
    steps.push(step);
  }
  steps.push(await homeConsumer(connection, dryRun));
  return steps;
}

/** Servers of a cluster that has just been started get to know each other one after the other. */
async function add(jsm: JetStreamManager, wanted: Layout["config"]): Promise<void> {
  for (const until = performance.now() + PEERS_MS; ; await delay(200)) {
    try {
      await jsm.streams.add(wanted);
      return;
    } catch (error) {
      if (!isWithoutPeers(error) || performance.now() > until) throw error;
    }
  }
}

function differences(wanted: object, found: object): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const present = (found as Record<string, unknown>)[name];
    return JSON.stringify(present) === JSON.stringify(value)
      ? []
      : [`${name}: ${JSON.stringify(present)} → ${JSON.stringify(value)}`];
  });
}
