/** Who may talk to the server of the page, and what it never gives. */
import { rename, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { type StartedUi, startUi } from "./start.ts";

let home: TemporaryHome;
let ui: StartedUi;

beforeAll(async () => {
  home = await temporaryHome();
  ui = await startUi(home);
});

afterAll(async () => {
  await ui?.stop();
  await home?.[Symbol.asyncDispose]();
});

/** Not by fetch, which sends no Host and no Origin of one's own. */
async function send(path: string, headers: Record<string, string> = {}, method = "GET", body = "{}") {
  const { port } = new URL(ui.origin);
  const { promise, resolve, reject } = Promise.withResolvers<import("node:http").IncomingMessage>();
  const authorization = `Bearer ${ui.token}`;
  request({ host: "127.0.0.1", port, path, method, headers: { authorization, ...headers } }, resolve)
    .on("error", reject)
    .end(method === "POST" ? body : undefined);
  const response = await promise;
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe("a request", () => {
  test("without the token of this start gets nothing", async () => {
    for (const authorization of ["", "Bearer ", `Bearer ${"0".repeat(32)}`]) {
      for (const path of ["/api/apps", "/api/live", "/api/logs?id=fc-none"]) {
        const { status, body } = await send(path, { authorization });
        expect([path, status]).toEqual([path, 401]);
        expect(body).toContain("farcall ui has printed");
      }
      expect((await send("/api/cancel?id=fc-none", { authorization, origin: ui.origin }, "POST")).status).toBe(401);
    }
    expect(ui.token).toMatch(/^[0-9a-f]{32}$/);
    expect((await send("/api/apps")).status).toBe(200);
  });

  test("has the token in a header: what a browser sends by itself, to every port of the machine, does not do", async () => {
    const cookie = ["token", "farcall-token", `farcall-ui-${new URL(ui.origin).port}`]
      .map((name) => `${name}=${ui.token}`)
      .join("; ");
    for (const path of ["/api/apps", `/api/apps?token=${ui.token}`])
      expect((await send(path, { authorization: "", cookie })).status).toBe(401);
    for (const path of ["/", "/page/main.js", "/api/apps"]) {
      expect((await send(path)).headers["set-cookie"]).toBeUndefined();
    }
  });

  test("for the page itself gives what says nothing of the engine", async () => {
    const { status, body } = await send("/app/main/anything", { authorization: "" });
    expect(status).toBe(200);
    expect(body).toBe((await send("/")).body);
    expect(body).not.toContain(ui.token);
  });

  test("under another name is refused, with or without the token: a name can be made to point here", async () => {
    expect((await send("/", { host: "evil.example" })).status).toBe(403);
    expect((await send("/api/apps", { host: "evil.example:80" })).status).toBe(403);
    expect((await send("/", { host: new URL(ui.origin).host })).status).toBe(200);
    const { host, hostname, port } = new URL(ui.origin);
    const socket = connect(Number(port), hostname);
    socket.end(`GET / HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("that changes something has to come from this page", async () => {
    const json = { "content-type": "application/json" };
    const post = (headers: Record<string, string>) => send("/api/cancel?id=fc-none", { ...json, ...headers }, "POST");
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: "http://evil.example" })).status).toBe(403);
    expect((await post({ origin: ui.origin, "sec-fetch-site": "same-site" })).status).toBe(403);
    expect((await post({ origin: ui.origin })).status).toBe(404);
    expect((await send("/api/apps", { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });

  test("leads to no other file", async () => {
    for (const path of [
      "/page/../server.js",
      "/page/..%2fserver.js",
      "/page/%2e%2e/server.js",
      "/page//etc/passwd",
      "/page/",
    ]) {
      const { status, body } = await send(path);
      // What is no file of the page is the page itself, or nothing.
      expect([path, status === 404 || body.startsWith("<!doctype html>")]).toEqual([path, true]);
    }
  });

  test("is answered under a policy that lets nothing inline run", async () => {
    const { headers, body } = await send("/");
    expect(headers["content-security-policy"]).toContain("script-src 'self'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(body).not.toMatch(/<script(?! type="module" src=)|style=|\son\w+=/);
  });

  test("that makes no sense is told so", async () => {
    expect(JSON.parse((await send("/api/app?app=none&environment=main")).body)).toMatchObject({
      code: "FARCALL_NOT_FOUND",
    });
    expect(JSON.parse((await send("/api/diff?app=a&environment=main&from=x&to=1")).body)).toMatchObject({
      code: "FARCALL_INVALID",
    });
    expect((await send("/api/none")).status).toBe(400);
    const json = { "content-type": "application/json", origin: ui.origin };
    for (const body of ["", "{", "null", "{}", "[]"])
      expect([body, (await send("/api/check", json, "POST", body)).status]).toEqual([body, 400]);
  });
});

test("an engine that cannot be looked for is told, and looked for again", async () => {
  const other = await temporaryHome();
  const looking = await startUi(other);
  const aborter = new AbortController();
  try {
    const { body } = await fetch(`${looking.origin}/api/live`, {
      headers: { authorization: `Bearer ${looking.token}` },
      signal: aborter.signal,
    });
    const states = statesIn(body!);
    expect(await states.next()).toMatchObject({ value: "live" });
    expect(await states.next()).toMatchObject({ value: "asleep" });
    // The socket is now in something that is no folder, which no host that has just stopped would explain.
    await rename(other.path, `${other.path}-away`);
    await writeFile(other.path, "");
    expect(await states.next()).toMatchObject({ value: "failing" });
    await rm(other.path);
    await rename(`${other.path}-away`, other.path);
    expect(await states.next()).toMatchObject({ value: "asleep" });
  } finally {
    aborter.abort();
    expect(await looking.stop()).toBe(130);
    await other[Symbol.asyncDispose]();
  }
});

async function* statesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  for await (const line of createInterface({ input: Readable.fromWeb(body as NodeReadableStream) })) {
    if (line !== "" && JSON.parse(line).event === "state") yield JSON.parse(line).state;
  }
}

test("the page as a whole is small", async () => {
  const files = await Promise.all(
    ["/", "/page/main.js", "/page/style.css", "/page/icon.svg"].map((path) => send(path)),
  );
  const bytes = files.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  expect(bytes).toBeLessThan(70_000);
});

test("a port that is taken is named", async () => {
  const { code, stderr } = await farcall(["ui", "--no-open", "--port", new URL(ui.origin).port], { env: home.env });
  expect(stderr).toContain("cannot be used");
  expect(stderr).toContain("--port");
  expect(code).toBe(1);
});

test("Ctrl-C ends it", async () => {
  const other = await startUi(home, "--port", "0");
  expect(await other.stop()).toBe(130);
});
