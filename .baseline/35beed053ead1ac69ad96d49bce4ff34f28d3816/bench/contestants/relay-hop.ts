/** The bare relay's middle: passes frames between its clients and one leaf, rewriting the call number as a router has to. */
import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { cutFrames, HEADER } from "./relay-frames.ts";

const leaf = spawn(process.execPath, [join(import.meta.dirname, "relay-leaf.ts")], {
  stdio: ["ignore", "inherit", "inherit", "pipe"],
});
const pipe = leaf.stdio[3] as Socket;
const clients: Socket[] = [];

pipe.on(
  "data",
  // One client at a time has calls open in this benchmark, so a run of frames goes to the client of its first.
  cutFrames((frames) => clients[frames.readUInt32LE(8)]!.write(renumber(frames, 1))),
);

const server = createServer((client) => {
  const number = clients.push(client) - 1;
  client.on(
    "data",
    cutFrames((frames) => pipe.write(renumber(frames, number))),
  );
});
server.listen(process.argv[2], () => process.send?.("listening"));
process.once("disconnect", () => {
  pipe.destroy();
  process.exit(0);
});

function renumber(frames: Buffer, call: number): Buffer {
  for (let at = 0; at < frames.length; at += HEADER + frames.readUInt32LE(at)) frames.writeUInt32LE(call, at + 8);
  return frames;
}
