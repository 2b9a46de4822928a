/**
 * BullMQ on its own Redis. Arguments: the Redis socket and what `throughput` counts: `results` (a worker process runs
 * the trivial function, and each job is awaited) or `acknowledged` (jobs are added, without a worker).
 */
import { fork } from "node:child_process";
import { Queue, QueueEvents } from "bullmq";
import { serve } from "./serve.ts";

const BATCH = 1000;

const [path, mode] = process.argv.slice(2);
const connection = { path };
const queue = new Queue("trivial", { connection, defaultJobOptions: { removeOnComplete: true } });
const worker = mode === "results" ? fork(new URL("bullmq-worker.mjs", import.meta.url), [path]) : undefined;
if (worker) await new Promise((resolve) => worker.once("message", resolve));
const events = mode === "results" ? new QueueEvents("trivial", { connection }) : undefined;
await events?.waitUntilReady();

function* batches(count) {
  for (let start = 0; start < count; start += BATCH) {
    yield Array.from({ length: Math.min(BATCH, count - start) }, (_, i) => ({ name: "increment", data: start + i }));
  }
}

async function results(count) {
  const ended = new Promise((resolve) => {
    let left = count;
    const completed = () => {
      if (--left > 0) return;
      events.off("completed", completed);
      resolve();
    };
    events.on("completed", completed);
  });
  for (const batch of batches(count)) await queue.addBulk(batch);
  await ended;
}

async function acknowledged(count) {
  const start = performance.now();
  for (const batch of batches(count)) await queue.addBulk(batch);
  const seconds = (performance.now() - start) / 1000;
  await queue.obliterate({ force: true });
  return seconds;
}

/** As its users await a result. A job that is removed as it ends may be gone before its end is asked for, so some are kept. */
async function one(x) {
  const job = await queue.add("increment", x, { removeOnComplete: 1_000 });
  await job.waitUntilFinished(events);
}

serve({
  ...(events && { one }),
  many: mode === "results" ? results : acknowledged,
  close: async () => {
    worker?.disconnect();
    await events?.close();
    await queue.close();
  },
});
