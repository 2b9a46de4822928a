/** The calls that one container knows: each is announced to it before its first input, and forgotten after it has ended. */
import type { FunctionSchema } from "../schema/index.ts";
import { CallHeaderWriter } from "../wire/call-header.ts";
import { type CallMessage, ToContainer } from "../wire/container-protocol.ts";
import type { FrameWriter } from "../wire/frames.ts";
import type { Call } from "./call.ts";
import type { KnowingContainer, NumberedCall } from "./call-in-pool.ts";

const MAX_FORGOTTEN = 100;

export class KnownCalls {
  readonly #container: KnowingContainer;
  readonly #writer: FrameWriter;
  readonly #headers = new CallHeaderWriter();
  /** What is said of calls that say no more than others of their kind, by method. */
  readonly #messages = new WeakMap<FunctionSchema, Map<string, CallMessage>>();
  readonly #calls = new Map<number, Call>();
  /** Calls that have ended and that the process still knows. */
  readonly #forgotten: number[] = [];

  constructor(container: KnowingContainer, writer: FrameWriter) {
    this.#container = container;
    this.#writer = writer;
  }

  get(number: number): Call | undefined {
    return this.#calls.get(number);
  }

  /** Before each input of the call. */
  announce(call: Call): void {
    if (this.#forgotten.length > 0) this.#sayForgotten();
    if (this.#calls.has(call.number)) return;
    this.#calls.set(call.number, call);
    call.inPool.announcedTo(this.#container);
    this.#writer.write(ToContainer.call, call.number, 0, this.#headerOf(call));
  }

  /** Sent together with the next input, or once there are many: waking the container for it would cost more than it frees. */
  forget(call: NumberedCall): void {
    if (!this.#calls.delete(call.number)) return;
    this.#forgotten.push(call.number);
    if (this.#forgotten.length >= MAX_FORGOTTEN) this.#sayForgotten();
  }

  /** The container is dead. */
  close(): void {
    for (const call of this.#calls.values()) call.inPool.containerGone(this.#container);
  }

  #sayForgotten(): void {
    for (const number of this.#forgotten) this.#writer.write(ToContainer.forget, number, 0);
    this.#forgotten.length = 0;
  }

  #headerOf(call: Call): Buffer {
    if (call.trace || call.web) return this.#headers.write(call.id, messageOf(call));
    const { id, method, fn } = call;
    const messages = this.#messages.get(fn.schema) ?? new Map<string, CallMessage>();
    const message = messages.get(method) ?? messageOf(call);
    if (!messages.has(method)) this.#messages.set(fn.schema, messages.set(method, message));
    return this.#headers.writeKind(id, message);
  }
}

function messageOf({ method, fn: { schema }, web, trace }: Call): CallMessage {
  const message: CallMessage = { method, timeoutMs: schema.options.timeoutMs };
  if (schema.class !== undefined) Object.assign(message, { function: schema.name, mode: schema.mode });
  if (web) message.web = true;
  if (trace) message.trace = trace;
  return message;
}
