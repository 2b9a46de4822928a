/** Bare NATS: a request, and an answer from another process that adds one. Arguments: the URL, and `answer` in that other process. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "@nats-io/transport-node";
import { serve } from "./serve.ts";

const SUBJECT = "bench.increment";
const PAYLOAD_BYTES = 8;
const [url = "", role] = process.argv.slice(2);
const nc = await connect({ servers: url, noAsyncTraces: true });

if (role === "answer") {
  nc.subscribe(SUBJECT, {
    queue: "w",
    callback: (_error, message) => {
      const answer = Buffer.from(message.data);
      answer.writeDoubleLE(answer.readDoubleLE(0) + 1, 0);
      message.respond(answer);
    },
  });
  await nc.flush();
  process.send!("ready");
  process.once("disconnect", () => process.exit(0));
} else {
  const other = fork(import.meta.filename, [url, "answer"]);
  await once(other, "message");
  serve({
    async one(x) {
      const payload = Buffer.alloc(PAYLOAD_BYTES);
      payload.writeDoubleLE(x, 0);
      const { data } = await nc.request(SUBJECT, payload);
      if (Buffer.from(data).readDoubleLE(0) !== x + 1) throw new Error("the answer is wrong");
    },
    many: () => Promise.reject(new Error("this contestant makes no many calls")),
    close: () => {
      other.disconnect();
      return nc.close();
    },
  });
}
