import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameFeed } from "../../src/wire/frame-feed.ts";
import { type Frame, FrameError, FrameReader, FrameWriter, HEADER_BYTES } from "../../src/wire/frames.ts";
import { isSliceOver, sliceWork } from "../../src/wire/slices.ts";
import { patient } from "../support/limits.ts";

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    flags: fc.integer({ min: 0, max: 255 }),
    call: fc.integer({ min: 0, max: 0xffff_ffff }),
    index: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 0, max: 200_000 }).map((length) => new Uint8Array(length).fill(length)),
    ),
  }),
  { maxLength: 40 },
);

async function socketPair(): Promise<{ near: Socket; far: Socket; close(): void }> {
  const folder = mkdtempSync(join(tmpdir(), "fc-"));
  const server = createServer().listen(join(folder, "s"));
  await once(server, "listening");
  const near = connect(join(folder, "s"));
  const [far] = (await once(server, "connection")) as [Socket];
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

test("frames arrive as they were written, over a real socket", async () => {
  const { near, far, close } = await socketPair();
  const writer = new FrameWriter(near);
  let received: Frame[] = [];
  let wanted = 0;
  let done = (): void => {};
  const reader = new FrameReader((frame) => {
    received.push({ ...frame, payload: Buffer.from(frame.payload) });
    if (received.length === wanted) done();
  });
  far.on("data", (chunk: Buffer) => reader.push(chunk));
  await fc.assert(
    fc.asyncProperty(frames, async (sent) => {
      received = [];
      wanted = sent.length;
      const arrived = new Promise<void>((resolve) => {
        done = resolve;
      });
      for (const { type, call, index, payload, flags } of sent) writer.write(type, call, index, payload, flags);
      if (sent.length > 0) await arrived;
      for (const [at, frame] of received.entries()) {
        const { payload, ...header } = sent[at]!;
        expect(frame).toMatchObject(header);
        expect(Buffer.compare(frame.payload, payload)).toBe(0);
      }
    }),
    { numRuns: 60 },
  );
  close();
});

test("frames are found however the stream is cut", () => {
  fc.assert(
    fc.property(
      frames,
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 20 }),
      (sent, cuts) => {
        const bytes = Buffer.concat(
          sent.map(({ type, flags, call, index, payload }) => {
            const header = Buffer.alloc(HEADER_BYTES);
            header.writeUInt32LE(payload.length, 0);
            header[4] = type;
            header[5] = flags;
            header.writeUInt32LE(call, 8);
            header.writeUInt32LE(index, 12);
            return Buffer.concat([header, payload]);
          }),
        );
        const received: Frame[] = [];
        const reader = new FrameReader((frame) => received.push({ ...frame, payload: Buffer.from(frame.payload) }));
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + cuts[turn % cuts.length]!;
          reader.push(bytes.subarray(at, end));
          at = end;
        }
        expect(received.length).toBe(sent.length);
        for (const [at, { payload }] of sent.entries()) expect(Buffer.compare(received[at]!.payload, payload)).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

test("a frame over the limit is refused before its payload is held", () => {
  const reader = new FrameReader(() => {}, 1000);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(1001, 0);
  expect(() => reader.push(header)).toThrow(FrameError);
});

test("a chunk of many frames is read in slices, in order, and leaves turns to others", async () => {
  const { near, far, close } = await socketPair();
  const writer = new FrameWriter(near);
  const received: number[] = [];
  const turns = new Set<number>();
  let turn = 0;
  let ended = false;
  const count = (): void => {
    turn++;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  const reader = new FrameReader(({ index }) => {
    received.push(index);
    turns.add(turn);
    for (const begun = performance.now(); performance.now() - begun < 0.2; );
  });
  new FrameFeed(far, (chunk, mayStop) => reader.push(chunk, mayStop));
  const sent = Array.from({ length: 200 }, (_, index) => index);
  for (const index of sent) writer.write(1, 1, index);
  writer.flush();
  await expect.poll(() => received.length, patient).toBe(sent.length);
  ended = true;
  expect(received).toEqual(sent);
  expect(turns.size).toBeGreaterThan(2);
  close();
});

test("where nobody could be held up, a turn's work is not sliced", async () => {
  sliceWork(false);
  try {
    expect(isSliceOver()).toBe(false);
    for (const begun = performance.now(); performance.now() - begun < 2; );
    expect(isSliceOver()).toBe(false);
  } finally {
    sliceWork(true);
  }
  // The first to ask begins a slice.
  isSliceOver();
  for (const begun = performance.now(); performance.now() - begun < 2; );
  expect(isSliceOver()).toBe(true);
});

test("a socket that is held is not read any further, and what has come of one that is closed is not lost", async () => {
  const { near, far, close } = await socketPair();
  const writer = new FrameWriter(near);
  const received: number[] = [];
  const reader = new FrameReader(({ index }) => received.push(index));
  // The rest of each chunk waits once.
  let stop = true;
  const feed = new FrameFeed(far, (chunk, mayStop) => {
    const read = reader.push(chunk, mayStop && (() => stop));
    if (stop) feed.hold();
    return read;
  });
  for (let index = 0; index < 20; index++) writer.write(1, 1, index);
  writer.flush();
  await expect.poll(() => received.length, patient).toBe(8);
  expect(feed.held).toBe(true);
  stop = false;
  feed.release();
  await expect.poll(() => received.length, patient).toBe(20);
  stop = true;
  for (let index = 20; index < 40; index++) writer.write(1, 1, index);
  writer.flush();
  await expect.poll(() => received.length, patient).toBe(28);
  feed.finish();
  expect(received).toEqual(Array.from({ length: 40 }, (_, index) => index));
  close();
});
