/** The streams of a NATS engine: what `farcall nats init` makes, and what is checked of it. */
import type { StreamConfig } from "@nats-io/jetstream";
import { InvalidError } from "../../runtime/errors.ts";
import type { Connection } from "./connection.ts";
import { isMissingStream } from "./errors.ts";
import { APPS, PREFIX, SCALE, streams } from "./names.ts";

const KEPT_DEPLOYS = 64;

export interface InitOptions {
  /** Copies of each stream, on as many servers: 1, 3 or 5. */
  replicas: number;
  /** Says what would be done, and does nothing. */
  dryRun?: boolean;
}

export interface InitStep {
  stream: string;
  /** For people: what it keeps. */
  what: string;
  action: "create" | "update" | "keep";
  /** What differs. */
  detail?: string;
}

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
  ];
}

/** Idempotent: what is there already is kept, and only what differs is changed. Rejects with FarcallError. */
export async function initialize(
  connection: Connection,
  { replicas, dryRun = false }: InitOptions,
): Promise<InitStep[]> {
  if (![1, 3, 5].includes(replicas)) {
    throw new InvalidError(`${replicas} replicas make no quorum`, { hint: "Use 1, 3 or 5 replicas." });
  }
  const steps: InitStep[] = [];
  for (const { what, config } of layouts()) {
    const wanted = { ...config, num_replicas: replicas };
    const step = await connection.ask(async ({ jsm }): Promise<InitStep> => {
      const found = await jsm.streams.info(config.name).catch((error: unknown) => {
        if (isMissingStream(error)) return undefined;
        throw error;
      });
      if (!found) {
        if (!dryRun) await jsm.streams.add(wanted);
        return { stream: config.name, what, action: "create" };
      }
      const differs = differences(wanted, found.config);
      if (differs.length === 0) return { stream: config.name, what, action: "keep" };
      if (!dryRun) await jsm.streams.update(config.name, wanted);
      return { stream: config.name, what, action: "update", detail: differs.join(", ") };
    });
    steps.push(step);
  }
  return steps;
}

function differences(wanted: object, found: object): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const present = (found as Record<string, unknown>)[name];
    return JSON.stringify(present) === JSON.stringify(value)
      ? []
      : [`${name}: ${JSON.stringify(present)} → ${JSON.stringify(value)}`];
  });
}
