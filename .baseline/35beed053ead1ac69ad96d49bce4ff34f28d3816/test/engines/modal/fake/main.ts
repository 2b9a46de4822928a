#!/usr/bin/env node
/**
 * Runs a fake Modal for examples: `node test/engines/modal/fake/main.ts app.py…` deploys Python files by the real
 * `modal deploy`, prints the environment variables that take a program to it as one line of JSON, and runs until it is
 * stopped. Without files it waits for others to deploy.
 */
import { once } from "node:events";
import { fstatSync } from "node:fs";
import { resolve } from "node:path";
import { FakeModal, modalDeploy, modalPython } from "./index.ts";

const files = process.argv.slice(2);
if (files.length > 0 && !modalPython) {
  console.error("There is no Python with modal. Run scripts/python-venv.sh first.");
  process.exit(1);
}
const ends = [once(process, "SIGINT"), once(process, "SIGTERM")];
// A program that has started it by a pipe takes it along when it ends.
const stdin = fstatSync(0);
if (stdin.isFIFO() || stdin.isSocket()) ends.push(once(process.stdin.resume(), "close"));
const fake = await FakeModal.start({
  ...(modalPython && { python: modalPython }),
  onPrint: (line) => process.stderr.write(line),
});
try {
  for (const file of files) await modalDeploy(fake, resolve(file));
  console.log(JSON.stringify(fake.env));
  await Promise.race(ends);
} finally {
  await fake.stop();
}
