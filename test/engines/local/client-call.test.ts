/** What a call's client sends to the host, by a link that only notes it. */
import { expect, test } from "vitest";
import type { OpenCall } from "../../../src/engine/index.ts";
import { ClientCall } from "../../../src/engines/local/client/call.ts";
import type { Link } from "../../../src/engines/local/client/link.ts";
import type { Session } from "../../../src/engines/local/client/session.ts";
import { ACCEPTED_ALL, FromHost, ToHost } from "../../../src/engines/local/protocol.ts";
import { CallHeaderWriter } from "../../../src/wire/call-header.ts";

const NOTHING = { output() {}, failed() {} };
const frame = (type: number, index: number, flags = 0) => ({ type, call: 1, index, flags, payload: Buffer.alloc(0) });

function openCall(open: Partial<OpenCall>) {
  const session = { add: () => 1, start() {}, remove() {}, hold() {}, release() {} };
  const ref = { app: "a", environment: "main", name: "f" };
  const call = new ClientCall(
    session as unknown as Session,
    { function: ref, method: "remote", durable: false, ...open },
    NOTHING,
  );
  const sent: number[] = [];
  const writer = { buffered: 0, write: (type: number) => void sent.push(type) };
  call.up({ writer, callHeaders: new CallHeaderWriter(), wantsLogs: false } as unknown as Link);
  call.put(0, new Uint8Array());
  void call.end();
  return { call, sent };
}

test.each([
  ["accepted before its outcome", [frame(FromHost.accepted, 1, ACCEPTED_ALL), frame(FromHost.result, 0)]],
  ["accepted after its outcome", [frame(FromHost.result, 0), frame(FromHost.accepted, 1, ACCEPTED_ALL)]],
])("a call with an idempotency key that is over is let go of: %s", (_, frames) => {
  const { call, sent } = openCall({ idempotencyKey: "k" });
  for (const each of frames) call.frame(each);
  expect(sent).toEqual([ToHost.open, ToHost.input, ToHost.end, ToHost.detach]);
});

test("the host lets go of other calls by itself", () => {
  const { call, sent } = openCall({});
  call.frame(frame(FromHost.result, 0));
  expect(sent).toEqual([ToHost.open, ToHost.input, ToHost.end]);
});
