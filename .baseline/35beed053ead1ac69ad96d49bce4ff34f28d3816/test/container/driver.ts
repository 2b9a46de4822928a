/** A real container process for tests: bundles a fixture app, starts the worker's entry and speaks frames with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Bundler } from "../../src/deploy/bundle.ts";
import { decodeError, decodeValue, encodeArguments } from "../../src/runtime/index.ts";
import type { AppManifest } from "../../src/schema/index.ts";
import { CallHeaderWriter } from "../../src/wire/call-header.ts";
import { FromContainer, type LoadMessage, ToContainer } from "../../src/wire/container-protocol.ts";
import { type Frame, FrameReader, FrameWriter } from "../../src/wire/frames.ts";
import { CONDITION_MS } from "../support/limits.ts";

const repo = resolve(import.meta.dirname, "../..");
export const apps = join(repo, "test/support/apps");
const entry = join(repo, "src/container/main.ts");

const names = Object.fromEntries(Object.entries(FromContainer).map(([name, type]) => [type, name])) as Record<
  number,
  keyof typeof FromContainer
>;

/** A frame from the container, with its payload decoded by its kind. */
export interface Received {
  type: keyof typeof FromContainer;
  call: number;
  index: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the app sends
  value: any;
}

export interface Fixture extends AsyncDisposable {
  /** Absolute path of the artifact. */
  artifact: string;
  folder: string;
  root: string;
}

/** The artifact of an app, in a temp folder of its own. */
export async function fixture(path: string, root: string = repo): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), "fw-"));
  const artifact = await bundleInto(folder, path, root);
  return { artifact, folder, root, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** An app written in the test itself, with other files of its project. */
export async function inlineFixture(source: string, files: Record<string, string> = {}): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), "fs-"));
  for (const [file, text] of Object.entries({ "app.ts": source, ...files })) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  const folder = await mkdtemp(join(tmpdir(), "fw-"));
  const artifact = await bundleInto(folder, join(root, "app.ts"), root);
  const remove = async () => {
    await rm(folder, { recursive: true, force: true });
    await rm(root, { recursive: true, force: true });
  };
  return { artifact, folder, root, [Symbol.asyncDispose]: remove };
}

async function bundleInto(folder: string, entry: string, root: string): Promise<string> {
  const bundler = new Bundler(entry, root);
  const { code, sourceMap } = await bundler.build();
  await bundler.dispose();
  const artifact = join(folder, "artifact.mjs");
  await writeFile(artifact, code);
  await writeFile(`${artifact}.map`, sourceMap);
  return artifact;
}

export interface ContainerOptions extends Partial<LoadMessage> {
  manifestJson?: Pick<AppManifest, "functions" | "declarations">;
  environment_?: Record<string, string>;
}

export class TestContainer implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly socket: Socket;
  readonly writer: FrameWriter;
  readonly received: Received[] = [];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #changed: (() => void)[] = [];
  #gone = false;

  constructor(env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [entry], {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
      env: { ...process.env, ...env },
    });
    this.socket = this.child.stdio[3] as Socket;
    this.socket.on("error", () => {}); // the container may go while we write
    this.writer = new FrameWriter(this.socket);
    const reader = new FrameReader((frame) => this.#onFrame(frame));
    this.socket.on("data", (chunk) => reader.push(chunk));
    this.exited = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    this.socket.once("close", () => {
      this.#gone = true;
      this.#notify();
    });
  }

  /** Starts a container of a function and waits until it is ready, or has said that it cannot be. */
  static async start(app: Fixture, name: string, options: ContainerOptions = {}): Promise<TestContainer> {
    const { manifestJson, environment_, ...load } = options;
    const container = new TestContainer(environment_);
    let manifest = "";
    if (manifestJson) {
      manifest = join(app.folder, `manifest-${Math.random()}.json`);
      await writeFile(manifest, JSON.stringify(manifestJson));
    }
    container.load({ app: "arithmetic", function: name, artifact: app.artifact, root: app.root, manifest, ...load });
    await container.next(({ type }) => type === "ready" || type === "loadFailed");
    container.call(1);
    return container;
  }

  load(message: Partial<LoadMessage>): void {
    const whole: LoadMessage = {
      app: "arithmetic",
      environment: "main",
      version: 3,
      function: "add",
      artifact: "",
      mode: "unary",
      root: repo,
      engine: "local:",
      manifest: "",
      container: "ct-test",
      ...message,
    };
    this.json(ToContainer.load, 0, 0, whole);
  }

  call(number: number, callId = `fc-${number}`): void {
    const callHeader = new CallHeaderWriter().write(callId, { method: "remote", timeoutMs: CONDITION_MS });
    this.writer.write(ToContainer.call, number, 0, callHeader);
  }

  input(call: number, index: number, args: unknown[], attempt = 0): void {
    this.writer.write(ToContainer.input, call, index, encodeArguments(args), attempt);
  }

  credit(call: number, index: number, count: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(count);
    this.writer.write(ToContainer.credit, call, index, payload);
  }

  send(type: keyof typeof ToContainer, call = 0, index = 0): void {
    this.writer.write(ToContainer[type], call, index);
  }

  json(type: number, call: number, index: number, message: object): void {
    this.writer.write(type, call, index, Buffer.from(JSON.stringify(message)));
  }

  /** The first frame received, ever, that matches. Rejects when the container goes without it. */
  async next(matches: (frame: Received) => boolean): Promise<Received> {
    for (;;) {
      const found = this.received.find(matches);
      if (found) return found;
      if (this.#gone)
        throw new Error(`the container went after ${JSON.stringify(this.received.map(({ type }) => type))}`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  /** The frame that ends an input. */
  outcome(call: number, index: number): Promise<Received> {
    const ends: (keyof typeof FromContainer)[] = ["result", "exception", "end", "failure", "returned"];
    return this.next((frame) => ends.includes(frame.type) && frame.call === call && frame.index === index);
  }

  /** Runs one input of call 1. */
  run(index: number, ...args: unknown[]): Promise<Received> {
    this.input(1, index, args);
    return this.outcome(1, index);
  }

  /** All that has been received of one kind. */
  all(type: keyof typeof FromContainer): Received[] {
    return this.received.filter((frame) => frame.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
    this.socket.destroy();
  }

  #onFrame({ type, call, index, payload }: Frame): void {
    const name = names[type]!;
    const bytes = Buffer.from(payload);
    const value =
      name === "result" || name === "yield"
        ? decodeValue(bytes)
        : name === "exception"
          ? decodeError(bytes)
          : bytes.length > 0
            ? JSON.parse(bytes.toString())
            : undefined;
    this.received.push({ type: name, call, index, value });
    this.#notify();
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const resolve of waiting) resolve();
  }
}
