/**
 * A program that answers on a socket as a host would, stops for nobody, and says that it is another process.
 * Arguments: the socket's path, the process id to give.
 */
import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { FromHost, type Hello, ToHost } from "../../../src/engines/local/protocol.ts";
import { FrameReader, FrameWriter } from "../../../src/wire/frames.ts";

const [path, named] = process.argv.slice(2);
const pid = Number(named);
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const server = createServer((socket) => {
  socket.on("error", () => {});
  const writer = new FrameWriter(socket);
  const reader = new FrameReader((frame) => {
    if (frame.type === ToHost.hello) {
      const { protocol, version } = JSON.parse(frame.payload.toString()) as Hello;
      writer.write(FromHost.welcome, 0, 0, json({ protocol, version, pid }));
    } else if (frame.type === ToHost.request) writer.write(FromHost.response, frame.call, 0, json(null));
    writer.flush();
  });
  socket.on("data", (chunk: Buffer) => reader.push(chunk));
  console.log("connected");
});
server.listen(path, () => {
  chmodSync(path!, 0o777);
  console.log("listening");
});
