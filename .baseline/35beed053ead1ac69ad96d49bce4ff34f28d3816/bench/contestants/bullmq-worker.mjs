/** Runs BullMQ jobs of the trivial function. */
import { Worker } from "bullmq";

const [path] = process.argv.slice(2);
const worker = new Worker("trivial", async (job) => job.data + 1, { connection: { path }, concurrency: 256 });
await worker.waitUntilReady();
process.once("disconnect", () => worker.close().then(() => process.exit(0)));
process.send("ready");
