/** A worker that was taken to be lost goes on with its durable calls: two are at home to the same one, and all readers agree. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallSink, Output } from "../../../src/engine/index.ts";
import { parseAddress } from "../../../src/engines/nats/address.ts";
import { Connection } from "../../../src/engines/nats/connection.ts";
import { Attachment, CallStore, pack } from "../../../src/engines/nats/durable/index.ts";
import { FrameBuffer } from "../../../src/engines/nats/frames.ts";
import { initializeNats } from "../../../src/engines/nats/index.ts";
import type { Source } from "../../../src/engines/nats/source/index.ts";
import { Home } from "../../../src/engines/nats/worker/home.ts";
import { patient } from "../../support/limits.ts";
import { LEFT_OUT, NatsServer } from "./server.ts";

describe.skipIf(LEFT_OUT)(`two homes${LEFT_OUT ? ` (${LEFT_OUT})` : ""}`, () => {
  let server: NatsServer;
  let connection: Connection;
  let store: CallStore;
  let calls = 0;
  beforeAll(async () => {
    server = await NatsServer.start();
    await initializeNats(server.url, { replicas: 1 });
    connection = new Connection(parseAddress(server.url), "test");
    store = new CallStore(connection);
  });
  afterAll(async () => {
    await connection.close();
    await server[Symbol.asyncDispose]();
  });

  const accept = async (numInputs: number): Promise<string> => {
    const id = `fc-${++calls}`;
    const inputs = new FrameBuffer();
    for (let index = 0; index < numInputs; index++) inputs.write(1, 0, index, Buffer.from(String(index)));
    const callee = { app: "a", environment: "main", function: "f", version: 1, mode: "unary" as const };
    const accepted = { id, ...callee, method: "spawnMap" as const, numInputs, createdAt: Date.now() };
    await store.write(id, "accepted", pack(accepted, inputs.take()));
    return id;
  };

  /** A worker that the call is at home to, where inputs end when the test says so. */
  const home = async (id: string, name: string) => {
    const opened = Promise.withResolvers<CallSink>();
    const source = {
      open(_request: unknown, sink: CallSink) {
        opened.resolve(sink);
        return { over: false, put() {}, drained() {}, end: () => Promise.resolve(id), stop() {} };
      },
    } as unknown as Source;
    const running = new Home({ connection, store, source, call: await store.get(id) }).run();
    const sink = await opened.promise;
    return {
      running,
      ends(...indices: number[]) {
        for (const index of indices) {
          sink.output({ kind: "result", index, payload: Buffer.from(`${name} ${index}`) });
        }
      },
    };
  };

  const text = (outputs: Output[]): string[] =>
    outputs
      .sort((a, b) => a.index - b.index)
      .map((output) => ("payload" in output ? Buffer.from(output.payload).toString() : output.kind));

  /** What a waiter has been told so far. */
  const wait = (id: string): Output[] => {
    const told: Output[] = [];
    const sink: CallSink = {
      output: (output) => told.push({ ...output }),
      failed(failure) {
        throw new Error(failure.message);
      },
    };
    new Attachment({ connection, store }, { id, range: {}, sink, holds: true, onEnd() {} });
    return told;
  };

  const poll = async (id: string): Promise<string[]> => text(await store.outputs(await store.get(id)));

  test("a waiter that was told the other's outcome and one that asks later get the same", patient, async () => {
    const id = await accept(2);
    const told = wait(id);
    const slow = await home(id, "slow");
    const other = await home(id, "other");
    other.ends(0);
    await expect.poll(() => text(told), patient).toEqual(["other 0"]);
    // It ends first, with everything at once.
    slow.ends(0, 1);
    await slow.running;
    await expect.poll(() => text(told), patient).toEqual(["other 0", "slow 1"]);
    other.ends(1);
    await other.running;
    expect(await poll(id)).toEqual(["other 0", "slow 1"]);
    expect(text(told)).toEqual(["other 0", "slow 1"]);
  });

  test("what comes after all outcomes were stored with the end counts for nobody", patient, async () => {
    const id = await accept(2);
    const slow = await home(id, "slow");
    const other = await home(id, "other");
    other.ends(0, 1);
    await other.running;
    const before = wait(id);
    await expect.poll(() => text(before), patient).toEqual(["other 0", "other 1"]);
    slow.ends(0);
    slow.ends(1);
    await slow.running;
    expect(await poll(id)).toEqual(["other 0", "other 1"]);
    const after = wait(id);
    await expect.poll(() => text(after), patient).toEqual(["other 0", "other 1"]);
  });

  test("a call that was at home elsewhere goes on where that left it", patient, async () => {
    const id = await accept(3);
    const lost = await home(id, "lost");
    lost.ends(1);
    await expect.poll(() => poll(id), patient).toEqual(["lost 1"]);
    expect(await store.info(await store.get(id))).toMatchObject({ numEnded: 1, numInputs: 3 });
    const next = await home(id, "next");
    next.ends(0, 2);
    await next.running;
    expect(await poll(id)).toEqual(["next 0", "lost 1", "next 2"]);
    expect(await store.info(await store.get(id))).toMatchObject({ numEnded: 3, endedAt: expect.any(String) });
  });
});
