/** Reads the outputs of a durable call by its id, across connections. */
import type { AttachOptions, CallSink, Failure, InputRange } from "../../../engine/index.ts";
import { errorToFailure, type FarcallError } from "../../../runtime/errors.ts";
import type { Frame } from "../../../wire/frames.ts";
import { IndexSet } from "../../../wire/index-set.ts";
import { type AttachMessage, FromHost, ToHost } from "../protocol.ts";
import type { Link } from "./link.ts";
import { outputOf, parse } from "./requests.ts";
import type { Channel, Session } from "./session.ts";

export class Attachment implements Channel {
  readonly movable = true;
  readonly #session: Session;
  readonly #message: AttachMessage;
  readonly #sink: CallSink;
  readonly #number: number;
  readonly #seen = new IndexSet();
  #link: Link | undefined;
  #over = false;

  constructor(session: Session, callId: string, range: InputRange, sink: CallSink, { parent }: AttachOptions = {}) {
    this.#session = session;
    this.#message = { id: callId, range, parent };
    this.#sink = sink;
    this.#number = session.add(this);
    session.hold();
    session.start(this.#number);
  }

  /** Durable calls have no generators, so there is nothing to credit. */
  credit(): void {}

  detach(): void {
    if (this.#over) return;
    this.#link?.writer.write(ToHost.detach, this.#number, 0);
    this.#finish();
  }

  up(link: Link): void {
    this.#link = link;
    link.json(ToHost.attach, this.#number, link.wantsLogs ? { ...this.#message, logs: true } : this.#message);
  }

  down(): void {
    this.#link = undefined;
  }

  drain(): void {}

  unreachable(error: FarcallError): void {
    this.#fail(errorToFailure(error));
  }

  frame(frame: Frame): void {
    if (frame.type === FromHost.failed) this.#fail(parse(frame) as Failure);
    else if (this.#seen.add(frame.index)) this.#sink.output(outputOf(frame));
  }

  #fail(failure: Failure): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.failed(failure);
  }

  #finish(): void {
    this.#over = true;
    this.#session.remove(this.#number);
    this.#session.release();
  }
}
