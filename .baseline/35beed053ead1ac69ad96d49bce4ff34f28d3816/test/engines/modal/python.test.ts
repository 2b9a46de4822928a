/** From Python to typed calls: the real `modal deploy`, Modal's real containers, codegen, the compiler, and the calls. */
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "../../codegen/support.ts";
import { bins, run } from "../../support/cli.ts";
import { FakeModal, modalDeploy, modalPython, pythonMissing } from "./fake/index.ts";

const repository = resolve(import.meta.dirname, "../../..");

const CALLS = `
import { disconnect, kwargs } from "farcall";
import { shop, studio } from "./generated/index.ts";

const seen: unknown[] = [];
const failure = async (call: () => Promise<unknown>) => {
  try {
    await call();
    return "no failure";
  } catch (error) {
    const { name, message, cause } = error as Error;
    return [name, message, (cause as Error | undefined)?.name ?? null];
  }
};

const scaled: { [key: string]: number } = await studio.scale.remote(new Uint8Array(3), 2, "fill", kwargs({ quality: 5 }));
seen.push(scaled);

const [artist, color, size] = await studio.older.remote({ name: "ada", born: "2000-01-02" }, 86400, "blue");
const name: string = artist.name;
const width: number = size[0];
seen.push([name, artist.born, artist.friends.length, color, width]);

const paid = await studio.pay.remote({ id: 1, total: "1.10", at: new Date("2026-01-01T00:00:00.123Z") });
seen.push([paid.id, paid.total, paid.at.toISOString()]);

const counted: Map<number, string> = await studio.counts.remote([]);
seen.push([counted instanceof Map, counted.size]);

for await (const order of studio.orders.remoteGen(2)) seen.push([order.id, order.total, order.at.getTime()]);

const yielded: number[] = [];
seen.push(await failure(async () => {
  for await (const item of studio.fails_after.remoteGen(3)) yielded.push(item);
}), yielded);

seen.push(await studio.total.remote("x", 1, 2, kwargs({ sign: -1, tag: "b" })));

const easel = new studio.Easel({ size: 3 });
seen.push(await easel.paint.remote("red"), await easel.paint.remote("red", kwargs({ times: 2 })));

const url: string = await new studio.Gallery().show.getWebUrl();
seen.push(url.endsWith("Gallery.show.modal.run"));

for await (const sum of shop.add.map([1, 2, 3], { kwargs: { b: 10 } })) seen.push(sum);
seen.push(await failure(() => shop.fail.remote(7)));
const spawned = await shop.add.spawn(1);
seen.push(await spawned.get());
console.log(JSON.stringify(seen));
await disconnect();
`;

const WRONG = `
import { kwargs } from "farcall";
import { studio } from "./generated/index.ts";

void studio.scale.remote(new Uint8Array(3), 2, "stretch");
void studio.scale.remote(new Uint8Array(3), 2, kwargs({ qualty: 5 }));
void studio.older.remote({ name: 1, born: "2000-01-02" }, 86400);
void new studio.Easel({ title: "no size" });
`;

describe.skipIf(!modalPython)(`A Python app on Modal${pythonMissing}`, { timeout: 600_000 }, () => {
  let fake: FakeModal;
  let project: Project;
  const printed: string[] = [];
  const env = () => ({ ...process.env, ...fake.env, FARCALL_ENGINE: undefined });

  beforeAll(async () => {
    fake = await FakeModal.start({ python: modalPython!, onPrint: (line) => printed.push(line) });
    project = new Project({
      "farcall.config.json": { engine: "modal:", apps: ["shop", "studio"], output: "src/generated" },
      "src/main.ts": CALLS,
    });
    cpSync(join(repository, "python/farcall"), project.file("app/farcall"), { recursive: true });
    for (const name of ["shop.py", "studio.py"]) {
      cpSync(join(import.meta.dirname, "fixtures", name), project.file(`app/${name}`));
      expect(await modalDeploy(fake, project.file(`app/${name}`))).toContain("App deployed");
    }
  }, 600_000);

  afterAll(async () => {
    project?.[Symbol.dispose]();
    await fake?.stop();
  });

  test("gets stubs with its types, which the compiler accepts, and calls that give what Python gives", async () => {
    fake.resetCounts();
    const generated = await run(process.execPath, [bins.codegen], { cwd: project.path, env: env() });
    expect(generated).toMatchObject({ code: 0, stderr: "" });
    const { authTokenGet, ...counts } = fake.counts;
    expect(counts).toEqual({ appList: 1, appGetByDeploymentName: 2, appGetLayout: 2 });
    const stubs = project.read("src/generated/studio.ts");
    expect(stubs).toContain("Scales an image.");
    expect(stubs).toMatch(/@see `studio\.py:\d+`/);
    expect(await project.check()).toBe("");
    const { code, stdout, stderr } = await run(process.execPath, [project.file("src/main.ts")], { env: env() });
    expect({ code, stderr }, printed.slice(-20).join("")).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual([
      { bytes: 3, factor: 2, quality: 5, fit: 0 },
      ["ADA", "2000-01-01", 1, "blue", 1],
      [2, "2.20", "2026-01-01T00:00:00.123Z"],
      [true, 0],
      [0, "1.50", Date.UTC(2026, 0, 2, 3, 4, 0)],
      [1, "1.50", Date.UTC(2026, 0, 2, 3, 4, 1)],
      ["Closed", "after 3", null],
      [0, 1, 2],
      "x -3 [('tag', 'b')]",
      "untitled 3 red 1",
      "untitled 3 red 3",
      true,
      11,
      12,
      13,
      ["StockError", "code 7", "KeyError"],
      6,
    ]);
  });

  test("has calls that do not fit refused by the compiler", async () => {
    project.write({ "src/wrong.ts": WRONG });
    const complaints = await project.check();
    const lines = complaints.split("\n").filter((line) => line.startsWith("src/wrong.ts"));
    expect(lines.map((line) => /\((\d+),/.exec(line)?.[1])).toEqual(["5", "6", "7", "8"]);
  });
});
