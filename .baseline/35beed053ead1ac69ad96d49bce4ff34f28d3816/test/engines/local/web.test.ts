/** Web functions: deployed from source, called over HTTP. */
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployApp } from "../../../src/deploy/index.ts";
import type { Engine } from "../../../src/engine/index.ts";
import { hostStatus, localEngine, stopHost } from "../../../src/engines/local/index.ts";
import { planFiles } from "../../../src/plan/plan.ts";
import { App, Client, GeneratorFunction, InvalidError, stubs, withClient } from "../../../src/runtime/index.ts";
import type { AppManifest } from "../../../src/schema/index.ts";
import { type Project, project } from "../../deploy/project.ts";
import { type TemporaryHome, temporaryHome } from "../../support/home.ts";
import { patient } from "../../support/limits.ts";

const source = `
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { App, context } from "farcall";
export const app = new App("site");
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Says what came. */
export const echo = app.web(async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers({ "x-method": request.method, "x-header": request.headers.get("x-header") ?? "none" });
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  const body = await request.bytes();
  return new Response(JSON.stringify({ path: pathname + search, bytes: body.length, text: new TextDecoder().decode(body.subarray(0, 20)) }), { status: 201, headers });
});
export const stream = app.web((request) => {
  const count = Number(new URL(request.url).searchParams.get("count"));
  let n = 0;
  return new Response(new ReadableStream({
    async pull(controller) {
      if (n === count) controller.close();
      else controller.enqueue(new TextEncoder().encode("piece " + n++ + "\\n"));
    },
  }));
}, { name: "stream" });
export const large = app.web(() => new Response(new Uint8Array(9_000_000).fill(7)), { name: "large" });
export const breaks = app.web(() => new Response(new ReadableStream({
  async pull(controller) { controller.enqueue(new Uint8Array(10)); await sleep(20); controller.error(new Error("half way")); },
})), { name: "breaks" });
export const reflects = app.web((request) => {
  const name = new URL(request.url).searchParams.get("name") ?? "";
  return new Response("x", { headers: { "content-disposition": 'attachment; filename="' + name + '"' } });
}, { name: "reflects" });
export const failed = app.web(() => Response.error(), { name: "failed" });
export const announces = app.web((request) => {
  const body = new URL(request.url).searchParams.get("body") ?? "";
  return new Response(new Blob([body]).stream(), { headers: { "content-length": "4" } });
}, { name: "announces" });
const cancelled: string[] = [];
export const feed = app.web((request) => {
  if (request.method === "DELETE") return Response.json(cancelled);
  const quiet = new ReadableStream({
    start(controller) { controller.enqueue(new TextEncoder().encode("data: hi\\n\\n")); },
    cancel() { cancelled.push(request.method); },
  });
  return new Response(quiet, { headers: { "x-a": "caf\xe9" } });
}, { name: "feed", maxContainers: 1, concurrency: { maxInputs: 3 } });
export const passes = app.web((request) => fetch(new URL(request.url).searchParams.get("from")!), { name: "passes" });
export const used = app.web(async () => {
  const response = new Response("x");
  await response.text();
  return response;
}, { name: "used" });
export const fails = app.web(async function fails(): Promise<Response> { throw new RangeError("no such page"); });
export const nothing = app.web((async () => "text") as unknown as (request: Request) => Promise<Response>, { name: "nothing" });
export const dies = app.web(() => process.exit(3), { name: "dies" });
export const late = app.web(async () => { await sleep(60_000); return new Response(); }, { name: "late", timeoutMs: 100 });
let aborted = 0;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
export const waits = app.web(async (request) => {
  collect(); // Whatever else has hold of the request that waits, it is not this.
  if (request.method === "GET") return Response.json({ aborted });
  await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
  aborted++;
  return new Response();
}, { name: "waits", concurrency: { maxInputs: 4 }, maxContainers: 1 });

export interface Greeting { text: string; at: Date }
export const greet = app.function(async function greet(name: string, at: Date, tags?: Set<string>): Promise<Greeting> {
  if (name === "") throw new RangeError("nobody");
  return { text: "Hello, " + name + [...(tags ?? [])].join(), at };
}, { web: true });
export const silent = app.function(function silent(): void {}, { web: true });
export const hidden = app.function(function hidden(): number { return 1; });
`;

let home: TemporaryHome;
let engine: Engine;
let client: Client;
let folder: Project;
let manifest: AppManifest;
const site = stubs({ app: "site", environment: "main" });

beforeAll(async () => {
  home = await temporaryHome();
  engine = localEngine(home.url);
  client = new Client({ engine });
  folder = await project({ "app.ts": source });
  ({ manifest } = await deployApp({ entry: folder.path("app.ts"), engine }));
});

afterAll(async () => {
  await engine.close();
  await home[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const urlOf = async (name: string) =>
  (await engine.registry.resolve({ app: "site", environment: "main", name })).webUrl!;
const signatureOf = (wanted: string) => manifest.functions.find(({ name }) => name === wanted)!.signature;
const get = async (name: string, rest = "", init?: RequestInit) => fetch((await urlOf(name)) + rest, init);
const post = (name: string, body: unknown, headers: Record<string, string> = { "content-type": "application/json" }) =>
  get(name, "", { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
const problemOf = async (response: Response) => {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return (await response.json()) as { status: number; title: string; detail: string; hint?: string };
};

describe("a handler", () => {
  test("gets the request, and its response comes back", async () => {
    const response = await get("echo", "/below?q=1", {
      method: "PUT",
      headers: { "x-header": "on" },
      body: "some text",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-method")).toBe("PUT");
    expect(response.headers.get("x-header")).toBe("on");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(await response.json()).toEqual({ path: "/main/site/echo/below?q=1", bytes: 9, text: "some text" });
  });

  test("takes a body up to the limit, but not a larger one", async () => {
    const response = await get("echo", "", { method: "POST", body: new Uint8Array(5_000_000) });
    expect(await response.json()).toMatchObject({ bytes: 5_000_000 });
    const refused = await get("echo", "", { method: "POST", body: new Uint8Array(65 * 1024 * 1024) }).catch(
      () => undefined,
    );
    // A client that goes on sending may find the connection closed before it has read the answer.
    if (refused) expect(await problemOf(refused)).toMatchObject({ status: 413 });
  });

  test("streams its body, large or in many pieces", async () => {
    expect((await (await get("stream", "?count=5000")).text()).split("\n")).toHaveLength(5001);
    const bytes = await (await get("large")).bytes();
    expect(bytes.length).toBe(9_000_000);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    expect(await (await get("echo", "", { method: "HEAD" })).text()).toBe("");
  });

  test("whose body breaks breaks the connection rather than ending it", async () => {
    const response = await get("breaks");
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test.each([
    ["fails", 500, /RangeError: no such page/],
    ["nothing", 500, /must return a Response/],
    ["late", 504, /timeout of 100 ms/],
    ["dies", 500, /died/],
  ])("that %s answers with a problem", async (name, status, detail) => {
    const response = await get(name);
    expect(response.status).toBe(status);
    expect((await problemOf(response)).detail).toMatch(detail);
  });

  test("that returns an invalid HTTP response gets a problem that says so, and nobody else is affected", async () => {
    const host = await hostStatus(home.url);
    expect((await get("reflects", "?name=fine")).status).toBe(200);
    for (const [name, query, detail] of [
      ["reflects", "?name=%01", /header content \["content-disposition"\]/],
      ["failed", "", /a response of status 0/],
    ] as const) {
      const response = await get(name, query);
      expect(response.status).toBe(500);
      expect((await problemOf(response)).detail).toMatch(detail);
    }
    expect(await (await get("announces", "?body=four")).text()).toBe("four");
    for (const body of ["two", "fifth"])
      await expect(get("announces", `?body=${body}`).then((response) => response.text())).rejects.toThrow();
    expect((await hostStatus(home.url))?.pid).toBe(host!.pid);
    const { numRunningInputs } = await engine.invoker.stats({ app: "site", environment: "main", name: "reflects" });
    expect(numRunningInputs).toBe(0);
  });

  test("whose body sends nothing ends with its client, or with the head when only that was asked for", async () => {
    const open = async () => {
      const stop = new AbortController();
      const response = await get("feed", "", { signal: stop.signal });
      await response.body!.getReader().read();
      return { stop, response };
    };
    for (const { stop, response } of [await open(), await open()]) {
      expect(response.headers.get("x-a")).toBe("caf\xe9");
      stop.abort();
    }
    await get("feed", "", { method: "HEAD" });
    const running = async () =>
      (await engine.invoker.stats({ app: "site", environment: "main", name: "feed" })).numRunningInputs;
    await expect.poll(running, patient).toBe(0);
    const cancelled = (await (await get("feed", "", { method: "DELETE" })).json()) as string[];
    expect(cancelled.sort()).toEqual(["GET", "GET", "HEAD"]);
  });

  test("passes on a response that it has fetched, decoded", async () => {
    const body = "many words ".repeat(1_000);
    const server = createServer((_, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync(body));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const response = await get("passes", `?from=${encodeURIComponent(from)}`);
    expect(response.headers.get("content-encoding")).toBe(null);
    expect(await response.text()).toBe(body);
    server.close();
  });

  test("that returns a body that was read already answers with a problem", async () => {
    expect((await problemOf(await get("used"))).detail).toMatch(/body has been read, or is being read/);
  });

  test("learns that a client went away, and goes on with others", async () => {
    const stop = new AbortController();
    const going = get("waits", "", { method: "POST", signal: stop.signal });
    while ((await engine.invoker.stats({ app: "site", environment: "main", name: "waits" })).numRunningInputs === 0);
    await get("waits");
    stop.abort();
    await expect(going).rejects.toThrow(/abort/);
    let seen = 0;
    while (seen === 0) seen = ((await (await get("waits")).json()) as { aborted: number }).aborted;
    expect(seen).toBe(1);
  });
});

describe("a function with web: true", () => {
  test("takes its arguments by name as JSON and gives its result as JSON", async () => {
    const response = await post("greet", { name: "Ada", at: "2026-01-31T00:00:00.000Z", tags: ["!"] });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ text: "Hello, Ada!", at: "2026-01-31T00:00:00.000Z" });
    expect((await post("silent", {})).status).toBe(204);
  });

  test("is an ordinary function as well", async () => {
    const at = new Date(0);
    const stub = withClient(client, site.function<never>("greet", signatureOf("greet"))) as unknown as {
      remote(name: string, at: Date): Promise<unknown>;
      getWebUrl(): Promise<string>;
    };
    expect(await stub.remote("Ada", at)).toEqual({ text: "Hello, Ada", at });
    expect(await stub.getWebUrl()).toBe(await urlOf("greet"));
  });

  test.each([
    ["an argument of the wrong type", { name: 1, at: "2026-01-31" }, 400, /greet\(name\): expected string/],
    ["a missing argument", { name: "Ada" }, 400, /greet\(at\)|at/],
    ["an unknown argument", { name: "Ada", at: "2026-01-31", shout: true }, 400, /no argument shout/],
    ["a list", ["Ada"], 400, /JSON object of the arguments by name/],
    ["what is no JSON", "{", 400, /not JSON/],
    ["what the function throws", { name: "", at: "2026-01-31" }, 500, /RangeError: nobody/],
  ])("answers %s with a problem", async (_, body, status, detail) => {
    const response = await post("greet", body);
    expect(response.status).toBe(status);
    expect((await problemOf(response)).detail).toMatch(detail);
  });

  test("takes JSON by POST only", async () => {
    expect(await problemOf(await get("greet"))).toMatchObject({ status: 405 });
    expect(await problemOf(await post("greet", "{}", { "content-type": "text/plain" }))).toMatchObject({ status: 415 });
  });
});

describe("a URL", () => {
  test("that does not name a web function is not found, and the error names the nearest", async () => {
    const base = (await urlOf("echo")).replace("/main/site/echo", "");
    expect(await problemOf(await fetch(`${base}/main/site/ecko`))).toMatchObject({
      status: 404,
      hint: expect.stringContaining("echo"),
    });
    expect((await problemOf(await fetch(`${base}/main/site/hidden`))).detail).toContain("not a web function");
    expect(await problemOf(await fetch(`${base}/`))).toMatchObject({
      status: 404,
      detail: expect.stringContaining("does not name a function"),
      hint: expect.stringContaining("/<environment>/<app>/<function>"),
    });
    expect((await fetch(`${base}/main/%ff/echo`)).status).toBe(400);
  });

  test("answers under its own name only, so that pages of other sites cannot use it", async () => {
    const url = new URL(await urlOf("echo"));
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(url, { headers: { host: "evil.example" } }, async (response) => {
        await text(response);
        resolve(response.statusCode);
      });
      request.on("error", reject).end();
    });
    expect(status).toBe(403);
  });

  test("is refused with two Host headers", async () => {
    const url = new URL(await urlOf("echo"));
    const socket = connect(Number(url.port), url.hostname);
    socket.end(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*more than one Host header/s);
  });

  test.each<[string, Record<string, string>, number]>([
    ["a form of another site", { origin: "https://evil.example", "content-type": "text/plain" }, 403],
    ["a script of another site", { origin: "https://evil.example", "content-type": "application/json" }, 403],
    ["a sandboxed frame", { origin: "null" }, 403],
    ["a page of another site that hides its origin", { "sec-fetch-site": "cross-site" }, 403],
    ["a page whose name begins as this machine's", { origin: "http://localhost.evil.example" }, 403],
    ["a page of this machine", { origin: "http://localhost:5173", "sec-fetch-site": "cross-site" }, 201],
    ["its own page behind a proxy", { origin: "https://mine.example", "sec-fetch-site": "same-origin" }, 201],
    ["a program", {}, 201],
  ])("takes POST from the right places: %s", async (_, headers, status) => {
    const url = new URL(await urlOf("echo"));
    const send = (method: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(url, { method, headers }, async (response) => {
          await text(response);
          resolve(response.statusCode);
        });
        request.on("error", reject).end(method === "POST" ? "x" : undefined);
      });
    expect(await send("POST")).toBe(status);
    // Links and images of other pages lead here as they lead anywhere.
    expect(await send("GET")).toBe(201);
  });

  test("takes only so many bytes of all requests together, and more when some have ended", async () => {
    const url = new URL(await urlOf("echo"));
    const piece = Buffer.alloc(1024 * 1024);
    /** Uploads without an end, so that the host holds what has come. */
    const upload = async (megabytes: number) => {
      const request = httpRequest(url, { method: "POST" });
      const answered = once(request, "response").then(([response]) => response as IncomingMessage);
      answered.catch(() => {});
      request.on("error", () => {});
      for (let i = 0; i < megabytes; i++) if (!request.write(piece)) await once(request, "drain");
      return { request, answered };
    };
    const held = [];
    for (let i = 0; i < 4; i++) held.push(await upload(63));
    const { request, answered } = await upload(1);
    // The system holds some of what the others have sent.
    const sent = setInterval(() => request.write(piece), 10);
    const refused = await answered;
    clearInterval(sent);
    expect(refused.statusCode).toBe(503);
    expect(refused.headers["retry-after"]).toBe("1");
    expect(await text(refused)).toContain("shared limit");
    for (const each of held) each.request.destroy();
    await expect.poll(async () => (await fetch(url, { method: "POST", body: piece })).status, patient).toBe(201);
  });

  test("may be absolute in a request, and is refused with TRACE, which the Fetch API lacks", async () => {
    const url = new URL(await urlOf("echo"));
    const asked = (options: object) =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(url, options, async (response) => {
          await text(response);
          resolve(response.statusCode);
        });
        request.on("error", reject).end();
      });
    expect(await asked({ path: url.href })).toBe(201);
    expect(await asked({ method: "TRACE" })).toBe(405);
  });

  test("stays the same after a restart of the host, and a host with web functions keeps running", async () => {
    const before = await urlOf("echo");
    await engine.close();
    await stopHost(home.url);
    engine = localEngine(home.url);
    client = new Client({ engine });
    expect(await urlOf("echo")).toBe(before);
    expect(await hostStatus(home.url)).toBeDefined();
  });

  test("is undefined for other functions", async () => {
    expect(await urlOf("hidden")).toBe(undefined);
  });
});

test("requests are listed among the calls while they run and afterwards, and can be cancelled", async () => {
  const calls = (name: string) => engine.monitor!.calls({ app: "site", function: name });
  await (await get("echo", "/listed")).text();
  const [listed] = await calls("echo");
  expect(listed).toMatchObject({ method: "web", numInputs: 1, numEnded: 1, numFailed: 0, cancelled: false });
  expect(listed?.endedAt).toBeDefined();
  expect(await engine.invoker.call(listed!.id)).toEqual(listed);
  expect(await engine.monitor!.inputs(listed!.id, {})).toEqual([]);
  await (await get("fails")).text();
  expect((await calls("fails"))[0]).toMatchObject({ numEnded: 1, numFailed: 1 });

  const waiting = get("waits", "", { method: "POST" });
  const open = async () => (await calls("waits")).find(({ endedAt }) => endedAt === undefined);
  await expect.poll(open, patient).toBeDefined();
  const { id } = (await open())!;
  await engine.invoker.cancel(id);
  expect((await waiting).status).toBe(503);
  expect(await engine.invoker.call(id)).toMatchObject({ cancelled: true, numEnded: 0 });
});

test("remote methods are refused with the URL to use", async () => {
  const url = await urlOf("echo");
  const echo = withClient(client, site.web("echo", signatureOf("echo"))) as unknown as {
    remote(): Promise<unknown>;
    spawn(): Promise<unknown>;
    forEach(inputs: unknown[]): Promise<unknown>;
    spawnMap(inputs: unknown[]): Promise<unknown>;
    map(inputs: unknown[]): AsyncIterator<unknown>;
    starmap(inputs: unknown[]): AsyncIterator<unknown>;
    remoteGen(): AsyncIterator<unknown>;
  };
  const named = withClient(client, GeneratorFunction.fromName<[], unknown>("site", "echo"));
  for (const attempt of [
    () => echo.remote(),
    () => echo.spawn(),
    () => echo.forEach([1]),
    () => echo.spawnMap([1]),
    () => echo.map([1]).next(),
    () => echo.starmap([[1]]).next(),
    () => echo.remoteGen().next(),
    () => named.remoteGen().next(),
  ]) {
    const error = await attempt().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidError);
    expect((error as InvalidError).hint).toContain(url);
  }
});

test("stubs of web functions are WebFunction, documented, and compatible whatever the handler does", () => {
  const echo = manifest.functions.find(({ name }) => name === "echo")!;
  expect(echo).toMatchObject({ mode: "web", doc: "Says what came.", parameters: [] });
  const { apps } = planFiles([{ manifest }], { exports: "namespaces", importExtension: ".ts" });
  const stub = apps[0]!.functions.find(({ name }) => name === "echo")!;
  expect(stub).toMatchObject({ type: "WebFunction", make: "web" });
  expect(apps[0]!.imports.map(({ name }) => name)).toContain("WebFunction");
});

test("options that make no sense are refused where the function is defined", () => {
  const app = new App("definitions");
  const handler = () => new Response();
  expect(() => app.web(handler, { name: "a", retries: 1 } as never)).toThrow(
    /retries is not an option of app\.web\(\)/,
  );
  expect(() => app.web("page" as never)).toThrow(/app\.web\(\) takes a function/);
  expect(() => app.function(function* g() {}, { web: true })).toThrow(/generator cannot answer HTTP/);
  const batch = { maxSize: 2, waitMs: 1 };
  expect(() => app.function((a: string[]) => a, { name: "b", web: true, batch })).toThrow(/batched/);
  expect(app.web(handler, { name: "page" }).local(new Request("http://a/"))).toBeInstanceOf(Response);
});
