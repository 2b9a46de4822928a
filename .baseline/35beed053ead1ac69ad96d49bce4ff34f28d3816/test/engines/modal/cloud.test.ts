/**
 * The real Modal, where MODAL_TOKEN_ID and MODAL_TOKEN_SECRET are set: what only the service can tell, each point a test. It deploys
 * one small app under a name of its own, calls it, and stops it; that costs cents. Without credentials everything is left out.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modalEngine } from "../../../src/engines/modal/index.ts";
import { Class, Client, Function, GeneratorFunction, type Keywords, kwargs } from "../../../src/index.ts";
import { modalPython, pythonMissing } from "./fake/index.ts";

const hasToken = Boolean(process.env["MODAL_TOKEN_ID"] && process.env["MODAL_TOKEN_SECRET"]);
const leftOut = hasToken ? pythonMissing : " (left out: set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET)";
const environment = process.env["MODAL_ENVIRONMENT"] ?? "main";
const repo = resolve(import.meta.dirname, "../../..");

const APP = (name: string, filler: number) => `
import time
from collections.abc import Iterator
from dataclasses import dataclass

import farcall
import modal

image = modal.Image.debian_slim().add_local_python_source("farcall")
app = modal.App("${name}", image=image)


@dataclass
class Point:
    x: int
    y: int


@app.function()
@farcall.typed
def mirror(point: Point, *, across: str = "x") -> Point:
    return Point(point.x, -point.y) if across == "x" else Point(-point.x, point.y)


@app.function(retries=modal.Retries(max_retries=2, initial_delay=1.0))
def flaky(key: str) -> int:
    counts = modal.Dict.from_name("${name}", create_if_missing=True)
    counts[key] = counts.get(key, 0) + 1
    if counts[key] < 3:
        raise RuntimeError("not yet")
    return counts[key]


@app.function()
def failing(n: int) -> Iterator[int]:
    yield from range(n)
    raise ValueError("after the last item")


@app.function()
def size(data: bytes) -> int:
    return len(data)


@app.cls()
class Counter:
    start: int = modal.parameter(default=0)

    @modal.method()
    def next(self) -> int:
        self.start += 1
        return self.start


# Documentation of a few thousand letters, so that the description takes more than one class.
${Array.from({ length: filler }, (_, i) => `@app.function()\ndef filler_${i}(value: int) -> int:\n    """${randomBytes(600).toString("base64")}"""\n    return value\n\n`).join("\n")}
farcall.publish(app)
`;

describe.skipIf(!hasToken || !modalPython)(`the real Modal${leftOut}`, () => {
  const app = `farcall-smoke-${randomBytes(4).toString("hex")}`;
  const engine = modalEngine("modal:");
  const client = new Client({ engine });
  let folder: string;

  const modal = (...args: string[]) =>
    promisify(execFile)(modalPython!, ["-m", "modal", ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1" },
    });
  const deploy = async (filler = 0) => {
    await writeFile(join(folder, "app.py"), APP(app, filler));
    await modal("deploy", "--env", environment, "app.py");
  };
  const manifest = async () => {
    const { manifest } = await engine.registry.getManifest({ app, environment });
    return manifest!;
  };
  const at = { client, environment };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "modal-cloud-"));
    await copyFile(join(repo, "dist/python/farcall.py"), join(folder, "farcall.py"));
    await deploy();
  });
  afterAll(async () => {
    try {
      await modal("app", "stop", "--yes", "--env", environment, app);
      await modal("dict", "delete", "--yes", "--allow-missing", "--env", environment, app);
    } finally {
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("gives the published types with the layout of an app", async () => {
    const { functions, classes, declarations } = await manifest();
    expect(functions.map(({ name }) => name)).toEqual(expect.arrayContaining(["mirror", "failing", "Counter.next"]));
    expect(classes?.map(({ name }) => name)).toEqual(["Counter"]);
    expect(declarations.map(({ name }) => name)).toContain("Point");
  });

  test("takes calls by name and converts dataclasses both ways", async () => {
    type Point = { x: number; y: number };
    const mirror = Function.fromName<[point: Point], Point, Keywords<["point"], { across?: string }>>(
      app,
      "mirror",
      at,
    );
    expect(await mirror.remote({ x: 1, y: 2 }, kwargs({ across: "y" }))).toEqual({ x: -1, y: 2 });
    const many = Array.from({ length: 120 }, (_, x) => ({ x, y: x + 1 }));
    const results = [];
    for await (const { y } of mirror.map(many)) results.push(y);
    expect(results).toEqual(many.map(({ y }) => -y));
  });

  test("lets callers retry as the function's policy says", async () => {
    const flaky = Function.fromName<[key: string], number>(app, "flaky", at);
    expect(await flaky.remote("one")).toBe(3);
  });

  test("ends a generator's stream after its failure, with all that it has yielded", async () => {
    const failing = GeneratorFunction.fromName<[n: number], number>(app, "failing", at);
    const seen: number[] = [];
    const reading = async () => {
      for await (const item of failing.remoteGen(5)) seen.push(item);
    };
    await expect(reading()).rejects.toMatchObject({ name: "ValueError", message: "after the last item" });
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  test("takes arguments that are larger than a message", async () => {
    const size = Function.fromName<[data: Uint8Array], number>(app, "size", at);
    expect(await size.remote(new Uint8Array(5_000_000))).toBe(5_000_000);
  });

  test("makes instances of classes with parameters", async () => {
    const Counter = Class.fromName<new (params: { start?: number }) => { readonly next: Function<[], number> }>(
      app,
      "Counter",
      at,
    );
    expect(await new Counter({ start: 41 }).next.remote()).toBe(42);
  });

  test("keeps results for callers that come back by the call's id", async () => {
    const size = Function.fromName<[data: Uint8Array], number>(app, "size", at);
    const call = await size.spawn(new Uint8Array(3));
    expect(await call.get()).toBe(3);
    expect(await call.get()).toBe(3);
  });

  test("takes descriptions that fill several classes, and a new version of an app shows", async () => {
    const before = (await manifest()).version;
    await deploy(60);
    const after = await manifest();
    expect(after.version).toBeGreaterThan(before);
    expect(after.functions.filter(({ name }) => name.startsWith("filler_"))).toHaveLength(60);
    expect(after.functions.find(({ name }) => name === "filler_59")?.doc).toHaveLength(800);
  });
});
