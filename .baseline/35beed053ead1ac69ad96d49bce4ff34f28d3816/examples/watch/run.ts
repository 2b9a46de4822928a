/**
 * Two watchers side by side, as a team would run them: `farcall dev` deploys the producer whenever it changes, `codegen
 * --watch` regenerates the stubs on each deploy. The script edits a copy of the example and type-checks the consumer after
 * each step: green, red, green.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const here = import.meta.dirname;
const repo = resolve(here, "../..");
const farcall = join(repo, "dist/cli/farcall.js");
const home = mkdtempSync(join(tmpdir(), "farcall-"));
const env = { ...process.env, FARCALL_HOME: home };
// Inside the repository, so that the copy finds "farcall" as the example does.
const copy = mkdtempSync(join(here, "run-"));
for (const file of ["app.ts", "consumer.ts", "farcall.config.ts"]) cpSync(join(here, file), join(copy, file));
writeFileSync(join(copy, "tsconfig.json"), JSON.stringify({ extends: "../../tsconfig.json", include: ["."] }));

interface Event {
  event: string;
  [key: string]: unknown;
}

/** A command that runs until it is stopped and reports what it does as events. */
class Watcher {
  readonly #child: ChildProcess;
  readonly #events: AsyncIterator<string>;

  constructor(...args: string[]) {
    this.#child = spawn(process.execPath, [farcall, ...args, "--json"], {
      cwd: copy,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (!this.#child.stdout) throw new Error("the command has no output");
    this.#events = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async until(name: string): Promise<Event> {
    for (;;) {
      const { value, done } = await this.#events.next();
      if (done) throw new Error(`the command ended before its event "${name}"`);
      const event: Event = JSON.parse(value);
      if (event.event === name) return event;
      if (event.event === "failed") throw new Error(`the command failed: ${value}`);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGINT");
    await exited;
  }
}

function edit(file: string, from: string, to: string): void {
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (!text.includes(from)) throw new Error(`${file} does not have ${from}`);
  writeFileSync(path, text.replace(from, to));
  console.log(`\n${file}: ${from}  ->  ${to}`);
}

function typeCheck(expected: "green" | "red"): void {
  const tsc = join(repo, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", copy, "--pretty", "false"], {
    cwd: copy,
    encoding: "utf8",
  });
  const colour = status === 0 ? "green" : "red";
  console.log(`  type check: ${colour}${stdout ? `\n    ${stdout.trim().replaceAll("\n", "\n    ")}` : ""}`);
  if (colour !== expected) throw new Error(`the type check is ${colour}, not ${expected}`);
}

function runConsumer(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["consumer.ts"], { cwd: copy, env, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  console.log(`  consumer: ${stdout.trim()}`);
}

const watchers: Watcher[] = [];
try {
  console.log("$ npx farcall dev app.ts\n$ npx farcall codegen --watch");
  const dev = new Watcher("dev", "app.ts");
  watchers.push(dev);
  const first = await dev.until("deployed");
  const codegen = new Watcher("codegen", "--watch");
  watchers.push(codegen);
  await codegen.until("generated");
  console.log(`  deployed version ${first.version}, stubs generated`);
  typeCheck("green");
  runConsumer();

  edit(
    "app.ts",
    "quantity: number): number {\n  return (cents[item] ?? 0) * quantity;",
    'quantity: number): { amount: number; currency: string } {\n  return { amount: (cents[item] ?? 0) * quantity, currency: "EUR" };',
  );
  const second = await dev.until("deployed");
  const deployed = performance.now();
  await codegen.until("generated");
  console.log(
    `  deployed version ${second.version}, stubs regenerated ${Math.round(performance.now() - deployed)} ms later`,
  );
  typeCheck("red");

  edit("consumer.ts", "const total: number = await", "const { amount: total } = await");
  typeCheck("green");
  runConsumer();
} finally {
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  spawnSync(process.execPath, [farcall, "host", "stop"], { cwd: copy, env, stdio: "ignore" });
  rmSync(copy, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}
