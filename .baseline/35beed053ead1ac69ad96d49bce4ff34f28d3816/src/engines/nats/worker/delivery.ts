/**
 * A durable call that was given to this worker by the consumer of accepted calls. What is said of it goes by the connection of
 * the moment: the one that it came by may be gone since.
 */
import type { JsMsg } from "@nats-io/jetstream";
import type { Connection } from "../connection.ts";
import { callIdIn } from "../names.ts";

export class Delivery {
  /** Of the call. */
  readonly id: string;
  readonly #connection: Connection;
  readonly #reply: string;

  constructor(connection: Connection, message: JsMsg) {
    this.#connection = connection;
    // The client has it, and its types do not.
    this.#reply = (message as JsMsg & { reply: string }).reply;
    this.id = callIdIn(message.subject);
  }

  /** The call has ended. */
  ack(): void {
    this.#connection.publish(this.#reply, "+ACK");
  }

  /** It is for another worker, or for this one later. @param delayMs default: at once */
  nak(delayMs?: number): void {
    const options = delayMs === undefined ? "" : ` ${JSON.stringify({ delay: Math.round(delayMs * 1_000_000) })}`;
    this.#connection.publish(this.#reply, `-NAK${options}`);
  }

  /** It is still here. */
  working(): void {
    this.#connection.publish(this.#reply, "+WPI");
  }
}
