/**
 * The order of test files: the longest first, so that a run does not end with one worker at a long file and the others idle. By
 * default vitest knows how long files took only where they have run before, which is nowhere in CI.
 */
import { existsSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const tests = resolve(import.meta.dirname, "..");

/** By the time that they take, on a machine with two cores. All others take less than 20 s. */
const LONGEST = [
  "engines/nats/conformance-cluster",
  "engines/nats/partition",
  "fidelity/fidelity",
  "ui/page",
  "docs/pages",
  "engines/nats/conformance",
  "engines/nats/guarantees",
  "e2e/examples",
  "engines/local/host",
  "e2e/packed",
  "engines/modal/fake-python",
  "engines/nats/lost",
  "engines/nats/lame-duck",
  "engines/local/conformance",
  "ui/calls",
  "engines/nats/commands",
  "engines/local/durable",
  "engines/local/waiting",
  "codegen/stubs",
  "cli/commands",
  "e2e/codecs",
  "engines/nats/signing",
  "engines/nats/operations",
  "types/types",
  "engines/modal/faults",
  "opentelemetry/traces",
  "engines/nats/connecting",
  "engines/local/state",
  "engines/local/surroundings",
  "engines/local/peers",
  "e2e/declared-errors",
  "vite/vite",
  "engines/modal/conformance",
  "engines/modal/python",
].map((name) => `${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const missing = LONGEST.filter((name) => !existsSync(join(tests, name)));
    if (missing.length > 0) throw new Error(`test/support/longest-first.ts names ${missing.join(", ")}: no such file`);
    const places = new Map(LONGEST.map((name, index) => [name, index]));
    const place = ({ moduleId }: TestSpecification) =>
      places.get(relative(tests, moduleId).split(sep).join("/")) ?? LONGEST.length;
    // The files that share a worker stay together, at the end, where short files fill what the long ones leave.
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
