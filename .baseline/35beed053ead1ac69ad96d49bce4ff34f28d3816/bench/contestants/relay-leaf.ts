/** The bare relay's far end: applies the trivial function to each frame's number, in place, and sends the run back. */
import { Socket } from "node:net";
import { cutFrames, FRAME, HEADER } from "./relay-frames.ts";

const socket = new Socket({ fd: 3, readable: true, writable: true });
socket.on(
  "data",
  cutFrames((frames) => {
    for (let at = 0; at < frames.length; at += FRAME)
      frames.writeDoubleLE(increment(frames.readDoubleLE(at + HEADER)), at + HEADER);
    socket.write(frames);
  }),
);
socket.on("end", () => process.exit(0));

function increment(x: number): number {
  return x + 1;
}
