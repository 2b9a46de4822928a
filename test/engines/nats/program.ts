/** A worker in a process of its own, for tests. Arguments: the URL and a folder. Prints its id once it takes work. */
import { runWorker } from "../../../src/engines/nats/worker/index.ts";

const [url = "", folder = ""] = process.argv.slice(2);
const worker = await runWorker({ url, folder, log: (line) => process.stderr.write(`${line}\n`) });
process.stdout.write(`${worker.id}\n`);
process.once("SIGTERM", () => {
  void worker.stop(30_000).then(() => process.exit(0));
});
