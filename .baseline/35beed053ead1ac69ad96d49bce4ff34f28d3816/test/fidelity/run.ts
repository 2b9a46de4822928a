/**
 * Measures packages from the command line. Without names, those of packages.ts, and writes docs/type-fidelity.md. With names,
 * any: `node test/fidelity/run.ts --packages /tmp/x/node_modules semver rambda=rambda,rambda/immutable` (after `=`, the modules whose
 * functions are taken); then every refusal is listed, and the exit code is 1 when a function's types differ.
 */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { formatProblem } from "../../src/introspect/problems.ts";
import { measure } from "./measure.ts";
import { type FidelityPackage, PACKAGES } from "./packages.ts";
import { report } from "./report.ts";
import { repository } from "./workspace.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { packages: { type: "string" } } });

if (positionals.length === 0) {
  const measured = await measure(PACKAGES, { onProgress: (text) => console.error(text) });
  writeFileSync(join(repository, "docs/type-fidelity.md"), report(measured));
} else {
  for (const given of positionals) {
    const [name = "", modules = name] = given.split("=");
    await print({ name, style: "", modules: modules.split(",") });
  }
}

/** One at a time, so that a package that cannot be measured does not stop the next. */
async function print(of: FidelityPackage): Promise<void> {
  const cpu = process.cpuUsage();
  try {
    const measured = await measure([of], values.packages === undefined ? {} : { packages: resolve(values.packages) });
    for (const { name, version, functions, identical, refused, different, incomparable } of measured) {
      const { user, system } = process.cpuUsage(cpu);
      console.log(
        `${name} ${version}: ${functions} functions, ${identical.length} identical, ${refused.length} refused, ${different.length} differ, ${incomparable.length} incomparable; ${((user + system) / 1e6).toFixed(1)} s`,
      );
      for (const each of different) console.log(`  ${each.name} differs: ${each.what}`);
      for (const each of incomparable) console.log(`  ${each} is different from a copy of itself`);
      for (const { problems } of refused) for (const problem of problems) console.log(`  ${formatProblem(problem)}`);
      if (different.length > 0) process.exitCode = 1;
    }
  } catch (error) {
    process.exitCode = 1;
    console.log(`${of.name}: ${(error as Error).stack}`);
  }
}
