/**
 * The container's entry: a child process that an engine starts with a duplex stream as file descriptor 3. It does everything
 * that is the same for every app before the engine says what to load, so that an engine can keep such processes ready.
 *
 * When user code breaks the rules:
 * - An input's promise rejects and nobody handles it: that input gets the exception, and the container goes on, since a
 *   rejection does not leave code half run. If the input has already ended, the rejection is only logged.
 * - An exception escapes in a callback (a timer, an event): the code around it stopped halfway, so the container cannot be
 *   trusted any more. The input it belongs to, or each running input when it belongs to none, gets the exception; the
 *   process exits with code 1, and the engine runs the other inputs elsewhere.
 * - `process.exit`: finished results are sent first; to the engine it is a crash.
 */
import { Socket } from "node:net";
import type { ContainerTelemetry } from "../opentelemetry/index.ts";
import { type Hook, setContext } from "../runtime/index.ts";
import { CallHeaderReader } from "../wire/call-header.ts";
import {
  type CallMessage,
  FromContainer,
  type LoadFailedMessage,
  type LoadMessage,
  type ReadyMessage,
  ToContainer,
} from "../wire/container-protocol.ts";
import { type Frame, FrameReader, FrameWriter } from "../wire/frames.ts";
import { loadFunction } from "./function.ts";
import { installHooks } from "./load.ts";
import { InputFailure } from "./outbox.ts";
import { captureOutput } from "./output.ts";
import { Runner } from "./runner.ts";
import { startSdk, telemetryOf } from "./telemetry.ts";

/** How long to wait for the last frames to be sent before the process exits without them, in milliseconds. */
const LAST_WORDS_MS = 2_000;

// User code writes files with the user's usual modes, not the engine's.
if (process.env["FARCALL_UMASK"]) process.umask(process.env["FARCALL_UMASK"]);
delete process.env["FARCALL_UMASK"];

const exit = process.exit.bind(process);
const socket = new Socket({ fd: 3, readable: true, writable: true });
const writer = new FrameWriter(socket);
const reader = new FrameReader(onFrame);
const callHeaders = new CallHeaderReader((rest) => rest as CallMessage);
let runner: Runner | undefined;
let ready = false;
/** Settles once the app is loaded or has failed to load. */
let loading = Promise.resolve();
let stopping = false;
/** The loaded app's stop hooks. */
let stopHooks: readonly Hook[] = [];
let telemetry: ContainerTelemetry | undefined;

// Failures are reported later, when the artifact imports the same module.
installHooks().catch(() => {});
setContext(() => runner?.current?.context);
captureOutput((stream, text) => runner?.log(stream, text));
socket.on("data", onData);
// Without an engine, there is nothing to do.
socket.on("close", () => exit(0));
socket.on("error", () => exit(1));
process.on("exit", () => writer.flush());
// When a machine shuts down, all processes get it at once, and the engine sends nothing more.
process.on("SIGTERM", () => void stop());
process.on("uncaughtException", onUncaughtException);
process.on("unhandledRejection", onUnhandledRejection);

function onData(chunk: Buffer): void {
  try {
    reader.push(chunk);
  } catch (error) {
    // The stream cannot be read any further.
    runner?.log("stderr", `the container received an invalid frame: ${error}\n`);
    leave(1);
    return;
  }
  runner?.turn();
}

function onFrame(frame: Frame): void {
  if (!runner) {
    if (frame.type === ToContainer.load) loading = load(frame.payload);
    else if (frame.type === ToContainer.stop) leave(0);
    return;
  }
  switch (frame.type) {
    case ToContainer.call:
      openCall(runner, frame);
      break;
    case ToContainer.input:
      // Each read of the socket has its own memory, so the view stays valid while the input waits.
      runner.add(frame.call, frame.index, frame.flags, frame.payload);
      break;
    case ToContainer.cancel:
      runner.cancel(frame.call, frame.index);
      break;
    case ToContainer.credit:
      if (frame.payload.length >= 4) runner.credit(frame.call, frame.index, frame.payload.readUInt32LE(0));
      break;
    case ToContainer.forget:
      runner.forgetCall(frame.call);
      break;
    case ToContainer.together:
      runner.runTogether(frame.index);
      break;
    case ToContainer.recall:
      // Earlier inputs that may run have started by now.
      runner.turn();
      runner.recall();
      break;
    case ToContainer.ping:
      writer.write(FromContainer.pong, 0, 0);
      break;
    case ToContainer.stop:
      void stop();
      break;
  }
}

function openCall(runner: Runner, { call: number, payload }: Frame): void {
  const { id: callId, rest: message } = callHeaders.read(payload);
  const { method, trace } = message;
  runner.openCall({ number, callId, method, trace, function: message.function, message });
}

async function load(payload: Buffer): Promise<void> {
  try {
    const message = parse<LoadMessage>(payload);
    process.title = `farcall: ${message.app}/${message.function}`;
    runner = new Runner(writer, message);
    await startSdk(message);
    const loaded = await loadFunction(message);
    telemetry = await telemetryOf(message);
    if (telemetry) runner.observe(telemetry);
    for (const hook of loaded.hooks.start) await hook();
    stopHooks = loaded.hooks.stop;
    ready = true;
    const said: ReadyMessage = { pid: process.pid, startupMs: Math.round(performance.now()) };
    writeJson(FromContainer.ready, said);
    runner.begin(loaded);
  } catch (error) {
    loadFailed(error);
  }
}

/** After the running inputs have ended. */
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await loading;
  await runner?.finished();
  for (const hook of stopHooks.toReversed()) {
    try {
      await hook();
    } catch (error) {
      // Nobody waits for the result, and the other hooks still have to run.
      runner?.log("stderr", `an onStop hook failed: ${textOf(error)}\n`);
    }
  }
  await telemetry?.flush();
  leave(0);
}

function loadFailed(error: unknown): void {
  const message: LoadFailedMessage =
    error instanceof InputFailure
      ? { message: error.message, failure: error.failure }
      : error instanceof Error
        ? { message: String(error), stack: error.stack ?? "" }
        : { message: String(error) };
  writeJson(FromContainer.loadFailed, message);
  leave(1);
}

function onUnhandledRejection(reason: unknown): void {
  if (!ready) {
    loadFailed(reason);
    return;
  }
  const input = runner?.current;
  if (input?.state === "running") runner?.fail(input, reason);
  else runner?.log("stderr", `unhandled rejection: ${textOf(reason)}\n`);
}

function onUncaughtException(error: unknown): void {
  if (!runner || !ready) {
    loadFailed(error);
    return;
  }
  runner.log("stderr", `uncaught exception: ${textOf(error)}\n`);
  const input = runner.current;
  runner.recall();
  for (const blamed of input?.state === "running" ? [input] : [...runner.running]) runner.fail(blamed, error);
  writer.flush();
  if (telemetry) void telemetry.flush().then(() => leave(1));
  else leave(1);
}

/** Exits once all frames are sent. The stream stays open until then, since the engine takes its end for a crash. */
function leave(code: number): void {
  writer.flush();
  setTimeout(() => exit(code), LAST_WORDS_MS).unref();
  socket.write("", () => exit(code));
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}

function parse<T>(payload: Buffer): T {
  return JSON.parse(payload.toString("utf8")) as T; // the engine that started this process wrote it
}

function writeJson(type: number, message: object): void {
  writer.write(type, 0, 0, Buffer.from(JSON.stringify(message)));
}
