/** docs/nats.md from nothing to a call, by commands: servers are set up, a worker runs, an app is deployed and called. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { install } from "../../support/blocks.ts";
import { bins, farcall, start } from "../../support/cli.ts";
import { patient } from "../../support/limits.ts";
import { freePort, LEFT_OUT, NatsServer } from "./server.ts";

const APP = `import { App } from "farcall";
export const app = new App("hello");
/** Adds. */
export const add = app.function(async function add(a: number, b: number) { console.log("adding"); return a + b; });
export const count = app.function(async function* count(to: number) { for (let n = 1; n <= to; n++) yield n; });
`;

describe.skipIf(LEFT_OUT)(`the command line on NATS${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let server: NatsServer;
  let folder: string;
  let env: Record<string, string | undefined>;
  const workers: ChildProcess[] = [];
  const cli = (...args: string[]) => farcall(args, { cwd: folder, env });
  const json = async (...args: string[]) => JSON.parse((await cli(...args, "--json")).stdout);

  /** Resolves once it takes work. */
  const worker = async (...args: string[]): Promise<ChildProcess> => {
    const all = [bins.farcall, "worker", "--folder", join(folder, "worker"), ...args];
    const child = start(process.execPath, all, { cwd: folder, env }, "ignore");
    workers.push(child);
    child.stderr!.resume();
    await once(child.stdout!, "data");
    return child;
  };

  beforeAll(async () => {
    server = await NatsServer.start();
    folder = await mkdtemp(join(tmpdir(), "nats-cli-"));
    env = { ...process.env, FARCALL_ENGINE: server.url };
    await install(folder, ["@nats-io/transport-node", "@nats-io/jetstream"]);
    await writeFile(join(folder, "app.ts"), APP);
  });
  afterAll(async () => {
    for (const child of workers) {
      if (child.exitCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test("servers that are not set up say how to do that", async () => {
    const { code, stderr } = await cli("apps");
    expect(code).toBe(1);
    expect(stderr).toMatch(/error\[FARCALL_ENGINE_UNAVAILABLE\].*not set up[\s\S]*hint: .*farcall nats init/);
  });

  test("init says what it would do, does it, and changes nothing the second time", async () => {
    expect((await cli("nats", "init", "--dry-run")).stdout).toMatch(/FC_CALLS +would be created/);
    expect((await cli("apps")).code).toBe(1);
    const first = await cli("nats", "init");
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining("farcall nats roles") });
    expect(first.stdout).toMatch(/KV_fc_apps +created +deployed apps/);
    const { steps } = await json("nats", "init");
    expect(new Set(steps.map(({ action }: { action: string }) => action))).toEqual(new Set(["keep"]));
    expect((await cli("nats", "init", "--replicas", "2")).code).toBe(2);
  });

  test("keys are made in files of their own, and the roles printed are what a server takes", patient, async () => {
    const { code, stdout } = await cli("nats", "keys", "keys");
    expect(code).toBe(0);
    expect(stdout).toMatch(/FARCALL_NATS_SEAL_KEY=X[A-Z2-7]{55}/);
    expect(stdout).toMatch(/FARCALL_NATS_SIGNERS=U[A-Z2-7]{55}/);
    const files = ["producer.nk", "caller.nk", "worker.nk", "operator.nk", "seal.seed"];
    for (const file of files) expect((await stat(join(folder, "keys", file))).mode & 0o077).toBe(0);
    expect(await cli("nats", "keys", "keys")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /error\[FARCALL_INVALID\].*producer.nk is there already[\s\S]*hint: Name a new folder/,
      ),
    });
    const none = await cli("nats", "roles");
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("farcall nats keys FOLDER") });
    const config = (await cli("nats", "roles", "--keys", "keys", "--account", "tenant")).stdout;
    await using guarded = await NatsServer.start({ config });
    const as = (file: string, ...args: string[]) => {
      const creds = { FARCALL_NATS_CREDS: join(folder, "keys", file), FARCALL_ENGINE: guarded.url };
      return farcall(args, { cwd: folder, env: { ...env, ...creds } });
    };
    expect(await as("caller.nk", "nats", "init")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/may not set the servers up[\s\S]*hint: It takes the role operator/),
    });
    expect(await as("operator.nk", "nats", "init")).toMatchObject({ code: 0 });
    const report = (await as("caller.nk", "doctor")).stdout;
    expect(report).toMatch(/user: U[A-Z2-7]{55} of tenant/);
    expect(report).toMatch(/roles: caller\n/);
    expect((await as("operator.nk", "doctor")).stdout).toMatch(/roles: operator\n/);
    expect((await as("producer.nk", "deploy", "app.ts")).stdout).toMatch(/^Deployed hello version 1/);
  });

  test("an app is deployed, called by any machine, and looked into", patient, async () => {
    expect((await cli("deploy", "app.ts")).stdout).toMatch(/^Deployed hello version 1/);
    expect(await json("workers")).toEqual([]);
    const child = await worker("--label", "here");
    expect(await json("workers")).toMatchObject([{ pid: child.pid, labels: ["here"], draining: false }]);
    expect((await cli("call", "hello/add", "2", "3")).stdout.trim()).toBe("5");
    expect((await cli("call", "hello/count", "3")).stdout.trim().split("\n")).toEqual(["1", "2", "3"]);
    expect(await json("stats", "hello")).toMatchObject([{ numTotalRunners: 1 }, { numTotalRunners: 1 }]);
    await expect.poll(async () => (await cli("logs", "hello/add")).stdout, patient).toContain("adding");
    expect((await cli("doctor")).stdout).toMatch(/nats-server 2\./);
    child.kill("SIGTERM");
    expect((await once(child, "exit"))[0]).toBe(0);
    expect(await json("workers")).toEqual([]);
  });

  test("a worker with a port and limits answers HTTP, and says at the end that nothing is left", patient, async () => {
    const define = "export const page = app.function(function page(name: string) { return name; }, { web: true });";
    await writeFile(
      join(folder, "site.ts"),
      `import { App } from "farcall";\nexport const app = new App("site");\n${define}\n`,
    );
    expect((await cli("deploy", "site.ts")).code).toBe(0);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const child = await worker(
      "--web-port",
      `${port}`,
      "--public-url",
      url,
      "--max-containers",
      "3",
      "--memory",
      "1.5gb",
    );
    expect(await json("workers")).toMatchObject([{ maxContainers: 3, memoryMiB: 1536, publicUrl: `${url}/` }]);
    expect((await cli("workers")).stdout).toMatch(/ 0\/3 +0\/1536 MiB /);
    expect((await cli("describe", "site/page")).stdout).toContain(`${url}/main/site/page`);
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/main/site/page`, { method: "POST", headers, body: '{"name":"you"}' });
    expect(await response.json()).toBe("you");
    let said = "";
    child.stderr!.on("data", (chunk) => {
      said += chunk;
    });
    child.kill("SIGTERM");
    expect((await once(child, "close"))[0]).toBe(0);
    expect(said).toMatch(/Stopping: .*\n[\s\S]*Stopped\. Nothing was left unfinished\.\n$/);
  });

  test("limits and ports that make no sense are refused", async () => {
    for (const [option, value] of [
      ["--memory", "lots"],
      ["--memory", "3"],
      ["--max-containers", "0"],
      ["--web-port", "70000"],
      ["--metrics", "localhost"],
    ] as const) {
      expect(await cli("worker", option, value)).toMatchObject({ code: 2, stderr: expect.stringContaining(option) });
    }
  });

  test("the files for systemd, Docker and Kubernetes start workers with options that there are", async () => {
    const read = (name: string) => readFile(join(import.meta.dirname, "../../../docs/cluster", name), "utf8");
    const unit = /^ExecStart=\S+farcall (.*)$/m.exec(await read("farcall-worker.service"))![1]!.split(" ");
    const image = await read("Dockerfile");
    const [entry, command] = ["ENTRYPOINT", "CMD"].map(
      (what) => JSON.parse(new RegExp(`^${what} (.*)$`, "m").exec(image)![1]!) as string[],
    );
    const [deployment] = parseAllDocuments(await read("worker.yaml")).map((document) => document.toJS());
    const args: string[] = deployment.spec.template.spec.containers[0].args;
    for (const line of [unit, [...entry!.slice(1), ...command!], [...entry!.slice(1), ...args]]) {
      expect(line[0]).toBe("worker");
      // All is read before it is known that this engine has no workers.
      const { code, stderr } = await cli(...line, "--engine", "local:/tmp/none");
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("FARCALL_UNSUPPORTED") });
    }
  });

  test("other engines have no workers", async () => {
    for (const command of [["worker"], ["workers"], ["nats", "init"]]) {
      const { code, stderr } = await cli(...command, "--engine", "local:/tmp/none");
      expect(code).toBe(1);
      expect(stderr).toMatch(/error\[FARCALL_UNSUPPORTED\][\s\S]*hint: /);
    }
  });
});
