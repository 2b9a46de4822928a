/** Three nats-servers and three workers on this machine, each a process of its own, as they would be on six. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const FARCALL = resolve(import.meta.dirname, "../../dist/cli/farcall.js");
const LONGEST_START_MS = 60_000;

export interface Cluster {
  url: string;
  servers: ChildProcess[];
  workers: ChildProcess[];
}

/** The program that FARCALL_NATS_SERVER names, or the one on the PATH; undefined where there is none. */
export function natsServer(): string | undefined {
  const program = process.env["FARCALL_NATS_SERVER"] || "nats-server";
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0 ? program : undefined;
}

/** @param started receives each process as soon as it is there, to be ended whatever happens */
export async function startCluster(program: string, folder: string, started: ChildProcess[]): Promise<Cluster> {
  const ports = await freePorts(6);
  const [clients, routes] = [ports.slice(0, 3), ports.slice(3)];
  const keep = (child: ChildProcess): ChildProcess => {
    started.push(child);
    return child;
  };
  const servers = clients.map((port, index) => {
    const file = join(folder, `server-${index + 1}.conf`);
    const others = routes.filter((_, other) => other !== index).map((route) => `"nats-route://127.0.0.1:${route}"`);
    writeFileSync(
      file,
      `server_name: "server-${index + 1}"
listen: "127.0.0.1:${port}"
jetstream { store_dir: "${join(folder, `server-${index + 1}`).replaceAll("\\", "/")}" }
cluster { name: "example", listen: "127.0.0.1:${routes[index]}", routes: [${others.join(", ")}] }
`,
    );
    return keep(spawn(program, ["-c", file], { stdio: "ignore" }));
  });
  await Promise.all(clients.map((port, index) => answers(port, servers[index]!)));
  const url = `nats://${clients.map((port) => `127.0.0.1:${port}`).join(",")}`;
  execFileSync(process.execPath, [FARCALL, "nats", "init", "--engine", url, "--replicas", "3"], { stdio: "inherit" });

  const workers = [1, 2, 3].map((number) => {
    const own = join(folder, `worker-${number}`);
    mkdirSync(own);
    const args = [FARCALL, "worker", "--engine", url, "--folder", own, "--label", `number=${number}`];
    return keep(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] }));
  });
  await Promise.all(
    workers.map(async (worker) => {
      const ended = once(worker, "exit").then(() => Promise.reject(new Error("a worker did not start")));
      await Promise.race([once(worker.stdout!, "data"), ended]);
      ended.catch(() => {}); // later it is killed on purpose
    }),
  );
  return { url, servers, workers };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

async function answers(port: number, server: ChildProcess): Promise<void> {
  for (const until = performance.now() + LONGEST_START_MS; ; await sleep(50)) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (server.exitCode !== null || performance.now() > until)
      throw new Error(`nats-server does not answer on ${port}`);
  }
}
