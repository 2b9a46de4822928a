/** The bare relay's client: unix socket to a relay process, which passes frames to a leaf process and its answers back. */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cutFrames, FRAME, HEADER, PAYLOAD } from "./relay-frames.ts";
import { serve } from "./serve.ts";

const IN_FLIGHT = 256;

const folder = mkdtempSync(join(tmpdir(), "fcr-"));
const path = join(folder, "s");
const hop = fork(join(import.meta.dirname, "relay-hop.ts"), [path]);
await new Promise((resolve) => hop.once("message", resolve));
const socket: Socket = createConnection(path);
await new Promise((resolve) => socket.once("connect", resolve));

/** By index, which is reused once its answer is there. */
const waiting: ((value: number) => void)[] = [];
let out = Buffer.allocUnsafe(FRAME * IN_FLIGHT);
let used = 0;

function send(index: number, value: number, done: (value: number) => void): void {
  out.writeUInt32LE(PAYLOAD, used);
  out.writeUInt32LE(0, used + 4);
  out.writeUInt32LE(1, used + 8);
  out.writeUInt32LE(index, used + 12);
  out.writeDoubleLE(value, used + HEADER);
  used += FRAME;
  waiting[index] = done;
}

function flush(): void {
  if (used === 0) return;
  socket.write(out.subarray(0, used));
  out = Buffer.allocUnsafe(FRAME * IN_FLIGHT);
  used = 0;
}

socket.on(
  "data",
  cutFrames((frames) => {
    for (let at = 0; at < frames.length; at += FRAME) {
      waiting[frames.readUInt32LE(at + 12)]!(frames.readDoubleLE(at + HEADER));
    }
    flush();
  }),
);

serve({
  one: (x) =>
    new Promise<number>((resolve) => {
      send(0, x, resolve);
      flush();
    }),
  many: (count) =>
    new Promise<undefined>((resolve) => {
      let sent = 0;
      let ended = 0;
      const next = (index: number): void => {
        sent++;
        send(index, sent, () => {
          ended++;
          if (ended === count) resolve(undefined);
          else if (sent < count) next(index);
        });
      };
      for (let index = 0; index < Math.min(IN_FLIGHT, count); index++) next(index);
      flush();
    }),
  close: () => {
    socket.destroy();
    hop.disconnect();
    rmSync(folder, { recursive: true });
  },
});
