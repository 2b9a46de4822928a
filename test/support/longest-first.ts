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
  "engines/modal/conformance",
  "engines/nats/conformance-cluster",
  "docs/pages",
  "ui/page",
  "fidelity/fidelity",
  "engines/local/host",
  "engines/local/durable",
  "e2e/packed",
  "engines/nats/conformance",
  "e2e/examples",
  "cli/commands",
  "ui/calls",
  "engines/modal/fake-python",
  "codegen/stubs",
  "engines/local/conformance",
  "e2e/codecs",
  "engines/nats/guarantees",
  "engines/nats/operations",
  "opentelemetry/traces",
  "types/types",
  "deploy/owner",
  "engines/modal/python",
  "container/runner",
  "fidelity/sabotage",
  "codegen/keywords",
  "engines/local/state",
  "vite/vite",
  "cli/owner",
  "codegen/interrupted",
  "engines/local/peers",
  "cli/modal",
  "engines/local/web",
  "e2e/declared-errors",
  "cli/progress",
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
