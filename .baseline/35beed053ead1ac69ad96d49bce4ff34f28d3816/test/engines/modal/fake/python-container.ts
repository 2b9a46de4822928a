/** Starts Modal's own Python container for a deployed function: its files, its arguments, its environment. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Apps } from "./apps.ts";
import { rawDefinition } from "./codecs.ts";
import { type Launched, TASK_HEADER } from "./containers.ts";
import type { Deploys } from "./deploys.ts";
import type { Container, Fn } from "./model.ts";
import { findProtobufField, protobufField } from "./values.ts";

export interface PythonLaunch {
  python: string;
  url: string;
  /** Made for this container, and removed after it. */
  folder: string;
  apps: Apps;
  deploys: Deploys;
  /** Gets each line with its line break; 1 is stdout, 2 stderr. */
  onPrint(data: string, fileDescriptor: number): void;
}

export function launchPython({ taskId, fn }: Container, launch: PythonLaunch): Launched {
  const { folder, url, python } = launch;
  const root = join(folder, "root");
  mkdirSync(root, { recursive: true });
  layFiles(fn, launch);
  const argumentsPath = join(folder, "container-arguments");
  writeFileSync(argumentsPath, containerArguments(taskId, fn, launch.apps));
  const child = spawn(python, ["-m", "modal._container_entrypoint"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOME: folder,
      PYTHONPATH: [root, join(folder, "pkg")].join(delimiter),
      PYTHONUNBUFFERED: "1",
      MODAL_CONTAINER_ARGUMENTS_PATH: argumentsPath,
      MODAL_SERVER_URL: url,
      MODAL_TASK_ID: taskId,
      MODAL_IS_REMOTE: "1",
      MODAL_OVERRIDE_HEADERS: `${TASK_HEADER}:${taskId}`,
      MODAL_CONFIG_PATH: join(folder, "no-config.toml"),
      MODAL_HEARTBEAT_INTERVAL: "2",
    },
  });
  for (const [fileDescriptor, stream] of [child.stdout, child.stderr].entries()) {
    createInterface({ input: stream }).on("line", (line) => launch.onPrint(`${line}\n`, fileDescriptor + 1));
  }
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? "" : signal ? `signal ${signal}` : `exit code ${code}`));
  });
  return {
    kill: () => child.kill("SIGKILL"),
    exited: exited.finally(() => rmSync(folder, { recursive: true, force: true })),
  };
}

/** The files of the function's mounts, whose names are absolute paths in the container. */
function layFiles({ definition: own }: Fn, { deploys, folder }: PythonLaunch): void {
  for (const { filename, sha256Hex } of (own?.mountIds ?? []).flatMap((id) => deploys.mounts.get(id) ?? [])) {
    const content = deploys.files.get(sha256Hex);
    if (!content) throw new Error(`the file ${filename} was mounted and not sent`);
    const path = join(folder, filename);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** `ContainerArguments`, which no RPC carries and the npm SDK does not know: written by hand around messages that it does. */
function containerArguments(taskId: string, fn: Fn, apps: Apps): Uint8Array {
  const app = apps.need(fn.appId);
  const { responseType } = rawDefinition.methods.appGetLayout;
  const layout = responseType.fromPartial({ appLayout: apps.layout(app, { dependencies: true }) });
  return Buffer.concat([
    protobufField(1, taskId),
    protobufField(2, fn.id),
    protobufField(4, fn.appId),
    protobufField(7, fn.raw ?? ""),
    ...(fn.params ? [protobufField(10, fn.params)] : []),
    protobufField(13, app.environment),
    protobufField(15, findProtobufField(responseType.encode(layout).finish(), 1) ?? ""),
  ]);
}
