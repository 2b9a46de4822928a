/** farcall's map on Modal: reads numbers of inputs to send, one per line, and prints how long each took. */
import { createInterface } from "node:readline";
import { importFarcall } from "../support/project.ts";

const { Client, Function } = await importFarcall();
const client = new Client({ engine: "modal:" });
const addOne = Function.fromName<[x: number], number>("bench", "add_one", { client });

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line);
  const started = performance.now();
  const cpu = process.cpuUsage();
  let sum = 0;
  for await (const result of addOne.map(numbers(count))) sum += result;
  const { user, system } = process.cpuUsage(cpu);
  if (sum !== (count * (count + 1)) / 2) throw new Error(`the results are wrong: ${sum}`);
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 }));
}
await client.close();

function* numbers(count: number) {
  for (let i = 0; i < count; i++) yield i;
}
