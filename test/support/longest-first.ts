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
  "docs/pages",
  "fidelity/fidelity",
  "ui/page",
  "engines/nats/conformance",
  "e2e/examples",
  "e2e/packed",
  "engines/local/host",
  "engines/nats/guarantees",
  "ui/calls",
  "engines/local/conformance",
  "engines/local/durable",
  "engines/modal/fake-python",
  "engines/nats/partition",
  "engines/nats/commands",
  "engines/nats/lost",
  "engines/nats/lame-duck",
  "engines/local/waiting",
  "e2e/codecs",
  "cli/commands",
  "codegen/stubs",
  "engines/nats/signing",
  "engines/modal/faults",
  "engines/modal/storm",
  "vite/vite",
  "codegen/interrupted",
  "cli/modal",
  "deploy/owner",
  "e2e/declared-errors",
  "cli/owner",
  "container/runner",
  "engines/local/state",
  "codegen/safety",
  "opentelemetry/traces",
  "engines/modal/python",
  "engines/local/schedule",
  "engines/local/surroundings",
  "types/types",
  "e2e/client",
  "engines/local/privacy",
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
