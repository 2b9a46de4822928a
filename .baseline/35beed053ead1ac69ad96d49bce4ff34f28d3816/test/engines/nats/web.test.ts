/** Web functions on workers: one of them has a port, and any of them runs what comes there. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listWorkers } from "../../../src/engines/nats/index.ts";
import { runWorker } from "../../../src/engines/nats/worker/index.ts";
import { deployment } from "../../engine/deployment.ts";
import { patient } from "../../support/limits.ts";
import { Cluster } from "./cluster.ts";
import { freePort, LEFT_OUT } from "./server.ts";

const app = deployment(
  "site",
  `
import { existsSync } from "node:fs";
export const echo = app.web(async function echo(request) {
  const body = await request.text();
  return Response.json({ url: request.url, method: request.method, body }, { status: 201, headers: { "x-one": "1" } });
});
export const stream = app.web(async function stream() {
  let n = 0;
  return new Response(new ReadableStream({
    pull(controller) {
      if (n === 500) controller.close();
      else controller.enqueue(new TextEncoder().encode("piece " + n++ + "\\n"));
    },
  }));
});
let waiting = 0, aborted = 0;
export const waits = app.web(async function waits(request) {
  if (request.method === "POST") return Response.json({ waiting, aborted });
  waiting++;
  await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
  aborted++;
  return new Response();
});
export const gated = app.web(async function gated(request) {
  const file = new URL(request.url).searchParams.get("file");
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return new Response("done");
});
export const where = app.web(async function where(request) {
  const until = Number(new URL(request.url).searchParams.get("ms"));
  await new Promise((resolve) => setTimeout(resolve, until));
  return new Response(String(process.ppid));
});
export const breaks = app.web(async function breaks() {
  return new Response(new ReadableStream({
    pull(controller) { controller.enqueue(new Uint8Array(10)); setTimeout(() => controller.error(new Error("half way")), 20); },
  }));
});
export const invalid = app.web(async function invalid() { return Response.error(); });
export const hidden = app.function(async function hidden() { return 1; });
`,
  {
    echo: { mode: "web" },
    stream: { mode: "web" },
    waits: { mode: "web", options: { maxContainers: 1, concurrency: { maxInputs: 8 } } },
    gated: { mode: "web" },
    where: { mode: "web", options: { maxContainers: 2 } },
    breaks: { mode: "web" },
    invalid: { mode: "web" },
    hidden: {},
  },
);

describe.skipIf(LEFT_OUT)(`web functions on workers${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let cluster: Cluster;
  let engine: ReturnType<Cluster["engine"]>;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    const web = ["--web-port", String(port), "--public-url", `http://127.0.0.1:${port}/functions/`];
    cluster = await Cluster.start({ workers: 2, options: [web] });
    engine = cluster.engine();
    await engine.deployer!.deploy(app);
  });
  afterAll(async () => {
    await engine.close();
    await cluster[Symbol.asyncDispose]();
  });

  const ref = (name: string) => ({ app: "site", environment: "main", name });
  const urlOf = async (name: string) => (await engine.registry.resolve(ref(name))).webUrl;
  const get = async (name: string, rest = "", init?: RequestInit) => fetch((await urlOf(name)) + rest, init);
  /** As it is, with headers that fetch does not let through. */
  const send = async (path: string, options: RequestOptions): Promise<IncomingMessage> => {
    const request = httpRequest({ host: "127.0.0.1", port, path, ...options });
    request.on("error", () => {});
    request.end();
    return (await once(request, "response"))[0];
  };
  const problem = async (response: IncomingMessage) => {
    expect(response.headers["content-type"]).toBe("application/problem+json");
    return JSON.parse(await text(response)) as { status: number; detail: string; code: string };
  };

  test("have URLs below the public one, and only those that answer HTTP", async () => {
    expect(await urlOf("echo")).toBe(`http://127.0.0.1:${port}/functions/main/site/echo`);
    expect(await urlOf("hidden")).toBeUndefined();
    expect(await listWorkers(cluster.url)).toEqual(
      expect.arrayContaining([expect.objectContaining({ publicUrl: `http://127.0.0.1:${port}/functions/` })]),
    );
  });

  test("get the request, and their response comes back, whether a balancer takes the path away or not", async () => {
    const response = await get("echo", "/below?q=1", { method: "PUT", body: "some text" });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-one")).toBe("1");
    const url = `http://127.0.0.1:${port}/functions/main/site/echo/below?q=1`;
    expect(await response.json()).toEqual({ url, method: "PUT", body: "some text" });
    const taken = await fetch(`http://127.0.0.1:${port}/main/site/echo/below?q=1`);
    expect(await taken.json()).toMatchObject({ url });
  });

  test("stream their bodies, and one that breaks breaks the connection", async () => {
    const lines = (await (await get("stream")).text()).trimEnd().split("\n");
    expect(lines).toEqual(Array.from({ length: 500 }, (_, i) => `piece ${i}`));
    const broken = await get("breaks");
    await expect(broken.text()).rejects.toThrow();
    expect(await (await get("invalid")).json()).toMatchObject({ status: 500, code: "FARCALL_INTERNAL_FAILURE" });
  });

  test("run on whichever worker has room", patient, async () => {
    await expect
      .poll(async () => {
        const both = await Promise.all([get("where", "?ms=300"), get("where", "?ms=300")]);
        return new Set(await Promise.all(both.map((response) => response.text())));
      }, patient)
      .toEqual(new Set(cluster.workers.map(({ pid }) => String(pid))));
  });

  test("learn that a client went away", patient, async () => {
    const left = new AbortController();
    const gone = get("waits", "", { signal: left.signal });
    const counts = async () => (await get("waits", "", { method: "POST" })).json();
    await expect.poll(counts, patient).toEqual({ waiting: 1, aborted: 0 });
    left.abort();
    await expect(gone).rejects.toThrow();
    await expect.poll(counts, patient).toEqual({ waiting: 1, aborted: 1 });
  });

  test("are listed among the calls", async () => {
    const calls = await engine.monitor!.calls({ limit: 100 });
    expect(calls).toEqual(
      expect.arrayContaining([expect.objectContaining({ function: "echo", method: "web", numInputs: 1, numEnded: 1 })]),
    );
  });

  test("are not found under other names, and those that answer no HTTP say so", async () => {
    expect(await problem(await send("/main/site/nothing", {}))).toMatchObject({ status: 404 });
    expect(await problem(await send("/main", {}))).toMatchObject({ status: 404 });
    expect((await problem(await send("/main/site/hidden", {}))).detail).toMatch(/hidden is not a web function/);
  });

  test("refuse other names of the server, two Host headers, TRACE and posts of other sites", async () => {
    expect((await send("/main/site/echo", { headers: { host: "evil.example" } })).statusCode).toBe(403);
    const socket = connect(port, "127.0.0.1");
    const own = `Host: 127.0.0.1:${port}\r\n`;
    socket.end(`GET /main/site/echo HTTP/1.1\r\n${own}${own}Connection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 /);
    expect((await send("/main/site/echo", { method: "TRACE" })).statusCode).toBe(405);
    const post = (headers: Record<string, string>) => send("/main/site/echo", { method: "POST", headers });
    expect((await post({ origin: "http://localhost:1" })).statusCode).toBe(403);
    expect((await post({ "sec-fetch-site": "cross-site" })).statusCode).toBe(403);
    expect((await post({ origin: `http://127.0.0.1:${port}` })).statusCode).toBe(201);
    expect((await post({})).statusCode).toBe(201);
  });

  test("refuse a body over the limit", async () => {
    const response = await send("/main/site/echo", { method: "POST", headers: { "content-length": 65 * 1024 * 1024 } });
    expect(await problem(response)).toMatchObject({ status: 413, code: "FARCALL_INVALID" });
  });

  test(
    "a worker that is told to stop says so to balancers, ends what it has, and takes its URL away",
    patient,
    async () => {
      expect((await send("/healthz", {})).statusCode).toBe(200);
      const file = join(cluster.servers[0]!.folder, "go");
      const running = get("gated", `?file=${encodeURIComponent(file)}`);
      await expect.poll(async () => (await engine.invoker.stats(ref("gated"))).numRunningInputs, patient).toBe(1);
      const stopped = cluster.workers[0]!.kill("SIGTERM");
      await expect.poll(async () => (await send("/healthz", {})).statusCode, patient).toBe(503);
      writeFileSync(file, "");
      expect(await (await running).text()).toBe("done");
      await stopped;
      expect(await urlOf("echo")).toBeUndefined();
    },
  );

  test("a public URL without a port, and one that is not a URL, are refused before anything starts", async () => {
    const start = (settings: object) => runWorker({ url: cluster.url, log() {}, ...settings });
    await expect(start({ publicUrl: "http://a.example" })).rejects.toThrow(/needs a port/);
    await expect(start({ webPort: 0, publicUrl: "a.example" })).rejects.toThrow(/is not the public URL/);
  });
});
