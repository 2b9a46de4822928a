/** What a source says to workers about its calls, in frames. */
import { CallHeaderWriter } from "../../../wire/call-header.ts";
import { TERMINATE, ToWorker } from "../pairs/index.ts";
import type { Peer } from "../peer.ts";
import type { SourceCall } from "./call.ts";
import type { Entry } from "./unit.ts";

interface FrameTarget {
  write(type: number, call: number, index: number, payload?: Uint8Array, flags?: number): void;
}

export class CallMessages {
  readonly #headers = new CallHeaderWriter();

  /** Calls with their inputs, grouped by call. */
  write(to: FrameTarget, entries: readonly Entry<SourceCall>[]): void {
    let last: SourceCall | undefined;
    for (const { call, index } of entries) {
      if (call !== last) {
        last = call;
        to.write(ToWorker.call, call.number, 0, this.#headers.write(call.id, call.place!.header));
        if (call.granted > 0) to.write(ToWorker.granted, call.number, 0, u32(call.granted));
      }
      to.write(ToWorker.input, call.number, index, call.payloadOf(index));
    }
  }

  cancel(call: SourceCall, peers: Iterable<Peer>, terminate: boolean): void {
    for (const { pair } of peers) {
      pair.writer.write(ToWorker.cancel, call.number, 0, undefined, terminate ? TERMINATE : 0);
      pair.writer.flush();
    }
  }

  grant(call: SourceCall, peers: Iterable<Peer>): void {
    for (const { pair } of peers) pair.writer.write(ToWorker.granted, call.number, 0, u32(call.granted));
  }
}

export function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
