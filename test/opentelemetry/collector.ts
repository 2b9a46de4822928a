/** A collector of OTLP over HTTP, as an operator runs one, and programs whose SDK is told of it by the standard variables. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

const repo = resolve(import.meta.dirname, "../..");

/** A span as OTLP has it, its attributes as a record. */
export interface CollectedSpan {
  service: string;
  name: string;
  kind: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Record<string, unknown>;
  status: { code?: number; message?: string };
  events: { name: string; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string }[];
  startNs: bigint;
  endNs: bigint;
}

export interface CollectedMetric {
  service: string;
  name: string;
  unit: string;
  points: { attributes: Record<string, unknown>; value: number }[];
}

export interface Collector extends AsyncDisposable {
  spans: CollectedSpan[];
  /** The newest of each service and name. */
  metrics: Map<string, CollectedMetric>;
  /** FARCALL_OTEL and OTEL_* for programs. */
  env: Record<string, string>;
  /** Path of the module that starts the SDK. */
  instrumentation: string;
  folder: string;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

function record(list: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(
    list.map(({ key, value }) => {
      const [kind, content] = Object.entries(value)[0] ?? [];
      return [key, kind === "intValue" ? Number(content) : content];
    }),
  );
}

export async function collector(): Promise<Collector> {
  const folder = await mkdtemp(join(tmpdir(), "fc-"));
  const instrumentation = join(folder, "instrumentation.ts");
  await writeFile(
    instrumentation,
    `import { createRequire } from "node:module";
const { NodeSDK } = createRequire(${JSON.stringify(`${repo}/package.json`)})("@opentelemetry/sdk-node");
new NodeSDK().start();
`,
  );
  const spans: CollectedSpan[] = [];
  const metrics = new Map<string, CollectedMetric>();
  const server = createServer(async (request, response) => {
    // biome-ignore lint/suspicious/noExplicitAny: OTLP's JSON, whose types no package of ours has
    const body: any = JSON.parse(await text(request));
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      const service = String(record(resource.attributes)["service.name"]);
      for (const span of scopeSpans.flatMap((scope: { spans: unknown[] }) => scope.spans)) {
        spans.push({
          ...span,
          service,
          kind: KINDS[span.kind],
          parentSpanId: span.parentSpanId ?? "",
          attributes: record(span.attributes),
          events: (span.events ?? []).map((event: { name: string; attributes: KeyValue[] }) => ({
            name: event.name,
            attributes: record(event.attributes),
          })),
          links: span.links ?? [],
          startNs: BigInt(span.startTimeUnixNano),
          endNs: BigInt(span.endTimeUnixNano),
        });
      }
    }
    for (const { resource, scopeMetrics } of body.resourceMetrics ?? []) {
      const service = String(record(resource.attributes)["service.name"]);
      for (const metric of scopeMetrics.flatMap((scope: { metrics: unknown[] }) => scope.metrics)) {
        const { dataPoints } = metric.sum ?? metric.gauge ?? metric.histogram;
        metrics.set(`${service} ${metric.name}`, {
          service,
          name: metric.name,
          unit: metric.unit,
          // biome-ignore lint/suspicious/noExplicitAny: as above
          points: dataPoints.map((point: any) => ({
            attributes: record(point.attributes),
            value: Number(point.asInt ?? point.asDouble ?? point.count),
          })),
        });
      }
    }
    response.end("{}");
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  return {
    spans,
    metrics,
    folder,
    instrumentation,
    env: {
      FARCALL_OTEL: instrumentation,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_LOGS_EXPORTER: "none",
      OTEL_NODE_RESOURCE_DETECTORS: "env",
      OTEL_SERVICE_NAME: "shop",
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_METRIC_EXPORT_INTERVAL: "200",
      OTEL_METRIC_EXPORT_TIMEOUT: "150",
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs a program of a user's with its SDK started first; resolves to what it prints. */
export async function run(
  body: string,
  env: Record<string, string | undefined>,
  options: { sdk?: string | undefined } = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fc-"));
  const file = join(folder, "program.ts");
  await writeFile(
    file,
    `import { callOptions, Client, disconnect, Function, FunctionCall, GeneratorFunction, openEngine } from ${JSON.stringify(join(import.meta.dirname, "everything.ts"))};
const work = (name: string) => Function.fromName<any[], any>("work", name);
const ends = () => new Promise((resolve) => setTimeout(resolve, 400));
${body}
await ends();
`,
  );
  const sdk = options.sdk ? ["--import", options.sdk] : [];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...sdk, file], {
    env: env as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const [code, stdout, stderr] = await Promise.all([
      new Promise((ended) => child.on("close", ended)),
      text(child.stdout),
      text(child.stderr),
    ]);
    if (code !== 0 || stderr !== "") throw new Error(`exit code ${code}: ${stderr}`);
    return stdout.trim();
  } finally {
    await rm(folder, { recursive: true });
  }
}
