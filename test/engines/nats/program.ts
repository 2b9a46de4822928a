/** A worker in a process of its own, for tests. Arguments: the URL, a folder, settings as JSON. Prints its id once it takes work. */
import { runWorker } from "../../../src/engines/nats/worker/index.ts";

const [url = "", folder = "", settings = "{}"] = process.argv.slice(2);
const worker = await runWorker({
  ...JSON.parse(settings),
  url,
  folder,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${worker.id}\n`);
process.once("SIGTERM", () => {
  void worker.stop(30_000).then(() => process.exit(0));
});
