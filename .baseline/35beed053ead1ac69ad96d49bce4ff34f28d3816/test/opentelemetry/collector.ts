/** A collector of OTLP over HTTP, as an operator runs one, and programs whose SDK is told of it by the standard variables. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { blocksOf, fileOf } from "../support/blocks.ts";

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
  // What the documentation says to write.
  const page = await readFile(join(repo, "docs/observability.md"), "utf8");
  const [block] = blocksOf(page).filter(({ info }) => fileOf(info) === "instrumentation.ts");
  await writeFile(instrumentation, block!.text);
  await symlink(join(repo, "node_modules"), join(folder, "node_modules"));
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

const PROGRAM = `
import { createInterface } from "node:readline";
import { trace, context, propagation } from ${JSON.stringify(`${repo}/node_modules/@opentelemetry/api/build/src/index.js`)};
import { Class, Client, Function, GeneratorFunction, openEngine } from ${JSON.stringify(join(import.meta.dirname, "everything.ts"))};
const work = (name) => Function.fromName("work", name);
const generator = (name) => GeneratorFunction.fromName("work", name);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const scope = { trace, context, propagation, Class, Client, openEngine, work, generator, pause };
const AsyncFunction = (async () => {}).constructor;
for await (const line of createInterface({ input: process.stdin })) {
  const body = new AsyncFunction(...Object.keys(scope), JSON.parse(line));
  const answer = await body(...Object.values(scope)).then((value) => ({ value }), (error) => ({ error: error.stack }));
  // Whoever hears the answer finds the spans at the collector.
  await trace.getTracerProvider().getDelegate?.().forceFlush?.();
  console.log(JSON.stringify(answer));
}
process.exit();
`;

/** A program of a user's that does what it is told, one thing after the other. */
export interface Program extends AsyncDisposable {
  /** Runs JavaScript with `work(name)`, `generator(name)`, the OpenTelemetry API and `openEngine` in scope; resolves to what it returns. */
  does(body: string): Promise<unknown>;
}

/** @param sdk module that starts the SDK, imported first */
export async function program(env: Record<string, string | undefined>, sdk?: string): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), "fc-"));
  const file = join(folder, "program.mjs");
  await writeFile(file, PROGRAM);
  const flags = ["--disable-warning=ExperimentalWarning", ...(sdk ? ["--import", sdk] : [])];
  const child = spawn(process.execPath, [...flags, file], {
    env: env as NodeJS.ProcessEnv,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = new Promise((done) => child.on("close", done));
  const stderr = text(child.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async does(body) {
      child.stdin.write(`${JSON.stringify(body)}\n`);
      const { value: line, done } = await lines.next();
      if (done) throw new Error(`the program ended: ${await stderr}`);
      const { value, error } = JSON.parse(line) as { value?: unknown; error?: string };
      if (error !== undefined) throw new Error(error);
      return value;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
