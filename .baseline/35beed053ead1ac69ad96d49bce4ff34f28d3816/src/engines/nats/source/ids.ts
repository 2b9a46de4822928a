/** Ids of calls. Each begins with the name of whoever made it, so that it is known whom to ask. */
import { randomBytes } from "node:crypto";

/** The beginning of call ids says whose they are: an id without the rest of the digits. */
const OWNER_DIGITS = 20;

/** Whom to ask about a call that is not kept. */
export function ownerOf(id: string): string {
  return id.slice("fc-".length, "fc-".length + OWNER_DIGITS);
}

export class CallIds {
  readonly owner: string = randomBytes(OWNER_DIGITS / 2).toString("hex");
  #last = 0;

  next(): string {
    this.#last++;
    return `fc-${this.owner}${this.#last.toString(16).padStart(12, "0")}`;
  }
}

/** Those of calls that are kept in NATS. */
const keptIds = new CallIds();

export function newCallId(): string {
  return keptIds.next();
}
