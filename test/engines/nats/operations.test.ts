/** docs/nats.md and docs/nats-operations.md as an operator follows them: three servers from the file that they give, and what there is to watch. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandsOf, install } from "../../support/blocks.ts";
import { bins, farcall, start } from "../../support/cli.ts";
import { patient } from "../../support/limits.ts";
import { freePort, LEFT_OUT, NATS_SERVER } from "./server.ts";

const docs = resolve(import.meta.dirname, "../../../docs");
const APP = `import { App } from "farcall";
export const app = new App("hello");
export const add = app.function(async function add(a: number, b: number) { return a + b; });
`;
const NAMES = ["nats-1", "nats-2", "nats-3"];

/** The indented lines that begin with it. */
const commands = (page: string, program: string) =>
  Array.from(page.matchAll(/^ {4,}(.*)$/gm), ([, line = ""]) => line).filter((line) => line.startsWith(program));

describe.skipIf(LEFT_OUT)(`three machines${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let folder: string;
  let page: string;
  let env: Record<string, string | undefined>;
  let monitors: number[];
  let metrics: number;
  const servers: ChildProcess[] = [];
  const started: ChildProcess[] = [];
  const cli = (...args: string[]) => farcall(args, { cwd: folder, env });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "nats-three-"));
    page = await readFile(join(docs, "nats-operations.md"), "utf8");
    await install(folder, ["@nats-io/transport-node", "@nats-io/jetstream"]);
    await writeFile(join(folder, "app.ts"), APP);
    const config = await readFile(join(docs, "cluster/nats-server.conf"), "utf8");
    const ports = await Promise.all(NAMES.map(freePort));
    const routes = await Promise.all(NAMES.map(freePort));
    monitors = await Promise.all(NAMES.map(freePort));
    metrics = await freePort();
    for (const [at, name] of NAMES.entries()) {
      // The three machines are this one.
      let own = config
        .replace('"0.0.0.0:4222"', `"127.0.0.1:${ports[at]}"`)
        .replace('"0.0.0.0:6222"', `"127.0.0.1:${routes[at]}"`)
        .replace("127.0.0.1:8222", `127.0.0.1:${monitors[at]}`)
        .replace("/var/lib/nats", join(folder, name));
      for (const [other, host] of NAMES.entries()) own = own.replace(`${host}:6222`, `127.0.0.1:${routes[other]}`);
      expect(own).not.toMatch(/[46]222|\/var/);
      const file = join(folder, `${name}.conf`);
      await writeFile(file, own);
      const server = spawn(NATS_SERVER!, ["-c", file], { env: { ...process.env, NAME: name }, stdio: "ignore" });
      servers.push(server);
      started.push(server);
    }
    const url = `nats://${ports.map((port) => `127.0.0.1:${port}`).join(",")}`;
    env = { ...process.env, FARCALL_ENGINE: url };
  });
  afterAll(async () => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  test("are set up, run an app, and go on without one of the servers", patient, async () => {
    await expect.poll(async () => (await cli("nats", "init", "--replicas", "3")).code, patient).toBe(0);
    expect((await cli("doctor")).stdout).toMatch(/replicas: 3\n/);
    const args = [
      bins.farcall,
      "worker",
      "--metrics",
      String(metrics),
      "--max-containers",
      "2",
      "--memory",
      "1gb",
      "--folder",
      join(folder, "worker"),
    ];
    const worker = start(process.execPath, args, { cwd: folder, env }, "ignore");
    started.push(worker);
    worker.stderr!.resume();
    await once(worker.stdout!, "data");
    expect((await cli("deploy", "app.ts")).stdout).toMatch(/^Deployed hello version 1/);
    expect((await cli("call", "hello/add", "2", "3")).stdout.trim()).toBe("5");
  });

  test("tell what the page says is to be watched", patient, async () => {
    const asked = commands(page, "curl -s").map((line) => line.replace("127.0.0.1:8222", `127.0.0.1:${monitors[0]}`));
    expect(asked).toHaveLength(3);
    const [health = "", server = "", streams = ""] = await Promise.all(
      asked.map(async (line) => (await promisify(execFile)("sh", ["-c", line])).stdout),
    );
    expect(JSON.parse(health)).toEqual({ status: "ok" });
    expect(JSON.parse(server)).toMatchObject(
      Object.fromEntries(["slow_consumers", "mem", "cpu"].map((name) => [name, expect.any(Number)])),
    );
    const { account_details, ...all } = JSON.parse(streams);
    expect(all).toMatchObject({
      storage: expect.any(Number),
      config: { max_storage: expect.any(Number) },
      meta_cluster: { replicas: [{ current: expect.any(Boolean) }, { current: expect.any(Boolean) }] },
    });
    const calls = account_details[0].stream_detail.find(({ name }: { name: string }) => name === "FC_CALLS");
    expect(calls.cluster.replicas[0]).toHaveProperty("current");
    const figures = ["num_pending", "num_ack_pending", "num_redelivered"];
    expect(calls.consumer_detail[0]).toMatchObject(
      Object.fromEntries([["name", "home"], ...figures.map((name) => [name, 0])]),
    );
  });

  test("have the figures of workers that the page names, and the commands", patient, async () => {
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    const served = new Set(Array.from(text.matchAll(/^# TYPE (\w+)/gm), ([, name]) => name));
    const named = new Set(Array.from(page.matchAll(/`((?:farcall|process)_\w+)`/g), ([, name]) => name));
    // While nothing waits there is nothing to say of it.
    expect([...named].filter((name) => !served.has(name))).toEqual(["farcall_inputs_waiting"]);
    for (const command of commandsOf(commands(page, "npx farcall").join("\n"))) {
      expect(await cli(...command.split(" ").slice(1)), command).toMatchObject({ code: 0 });
    }
  });

  test("go on when a server is killed", patient, async () => {
    servers[1]!.kill("SIGKILL");
    await once(servers[1]!, "exit");
    expect((await cli("call", "hello/add", "2", "3")).stdout.trim()).toBe("5");
    expect((await cli("deploy", "app.ts")).code).toBe(0);
  });
});
