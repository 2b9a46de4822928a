/** Says at the end of a run which tests were left out, and why: a run that passes should not look as if it had tried everything. */
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from "vitest/node";

export class LeftOut implements Reporter {
  #wantsSome = false;

  onInit({ config }: Vitest): void {
    this.#wantsSome = config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // With -t most tests are skipped on request.
    if (this.#wantsSome) return;
    const lines = modules.flatMap((module) => leftOutOf(module).map((line) => `  ${module.relativeModuleId}: ${line}`));
    if (lines.length > 0) console.log(`left out here:\n${[...new Set(lines)].join("\n")}\n`);
  }
}

/** A suite that is left out as a whole is one line. */
function leftOutOf(of: TestModule | TestSuite): string[] {
  return [...of.children].flatMap((child): string[] => {
    if (child.type === "test") return isLeftOut(child) ? [describe(child)] : [];
    const tests = [...child.children.allTests()];
    if (child.options.mode === "skip") return [`${child.fullName} (${tests.length} tests)`];
    return leftOutOf(child);
  });
}

function isLeftOut(test: TestCase): boolean {
  return test.result().state === "skipped" && (noteOf(test) !== undefined || test.options.mode === "skip");
}

function describe(test: TestCase): string {
  const note = noteOf(test);
  return note ? `${test.fullName}: ${note}` : test.fullName;
}

function noteOf(test: TestCase): string | undefined {
  const result = test.result();
  return result.state === "skipped" ? result.note : undefined;
}
