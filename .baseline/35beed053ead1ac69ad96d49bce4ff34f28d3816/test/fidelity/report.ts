/** The content of docs/type-fidelity.md: how many functions of each package keep their types, and why the others are refused. */
import type { RefusalReason } from "../../src/introspect/index.ts";
import type { Fidelity } from "./measure.ts";
import { OTHERS } from "./others.ts";

/** Examples of each reason. */
const SHOWN = 3;

export function report(packages: readonly Fidelity[]): string {
  const sum = (count: (each: Fidelity) => number): number => packages.reduce((total, each) => total + count(each), 0);
  const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  const share = (identical: number, different: number): string =>
    identical + different === 0 ? "–" : `${((100 * identical) / (identical + different)).toFixed(1)} %`;
  const cells = ({ functions, identical, refused, different, incomparable }: Fidelity) => [
    functions,
    identical.length,
    refused.length,
    incomparable.length,
    different.length,
    share(identical.length, different.length),
  ];
  const [identical, different] = [sum((each) => each.identical.length), sum((each) => each.different.length)];
  const total = [
    `**${sum((each) => each.functions)}**`,
    `**${identical}**`,
    `**${sum((each) => each.refused.length)}**`,
    `**${sum((each) => each.incomparable.length)}**`,
    `**${different}**`,
    `**${share(identical, different)}**`,
  ];
  return `# Type fidelity

Do callers see the types that the author wrote? Every exported function of real packages is wrapped in an app, introspected and
registered, and its stub is generated; then the compiler compares the stub's types with the author's. This page is written by
\`node test/fidelity/run.ts\`.

Identical means that the \`Parameters\` of the function and of its stub, and their awaited results, are the same type by mutual identity,
in which optional, rest, \`readonly\` and \`any\` count, and that parameters have the same names. Generic and overloaded functions are also compared signature by signature.

${[
  row(
    "package",
    "style",
    "exported functions",
    "identical",
    "refused",
    "incomparable",
    "differ",
    "identical of the comparable that can cross",
  ),
  row("---", "---", "--:", "--:", "--:", "--:", "--:", "--:"),
  ...packages.map((each) => row(`${each.name} ${each.version}`, each.style, ...cells(each))),
  row("**all**", "", ...total),
].join("\n")}

Measured in the same way with \`node test/fidelity/run.ts --packages …\`, but not part of the tests:

${[
  row("package", "exported functions", "identical", "refused", "incomparable", "differ"),
  row("---", "--:", "--:", "--:", "--:", "--:"),
  ...OTHERS.map(([name, version, ...counts]) => row(`${name} ${version}`, ...counts)),
].join("\n")}

Functions are incomparable if the compiler already considers their types different from those of an exact copy of the package's own
declarations, in everything that their stubs differ in: mostly recursive conditional types with \`infer\`, and brands, each of
which is its own symbol (a stub calls the author's \`[brand]\` \`__brand\`). For these the comparison is meaningless.

A whole function is refused if one of its overloads cannot be sent, since dropping that overload would give callers a type other than the author's. The
message names the overloads at fault, so that you can register a function with only the others. A type that other types are only
compared with (\`T extends Function ? … : …\`) is always kept. \`Iterable<T>\` is supported: callers pass arrays, sets, maps, strings or
bytes; a generator object is refused when it is passed.

The comparison makes three allowances, for types that cannot be sent or that the compiler cannot express:

- A type guard's result is a \`boolean\` for the caller of a stub.
- Two enums are never the same type to TypeScript, so the author's enum stands in for the stub's.
- Two conditional types with \`infer\` in them are the same only if they come from one declaration; they are checked for assignability both ways instead.

## Why functions are refused

${packages.map(reasons).join("\n\n")}
`;
}

/** A refusal's reason in words. */
const REASONS: Record<RefusalReason, string> = {
  function: "functions, objects with methods among them",
  symbol: "symbols",
  class: "instances of classes with behaviour",
  iterator: "iterators",
  promise: "promises inside data",
  stream: "streams",
  weak: "weak collections",
  signal: "signals",
  platform: "objects of the platform, such as Blob",
  module: "modules",
  next: "generators that need what next() sends",
  wrapper: "object wrappers",
  scope: "type parameters from around the function",
  unnamed: "recursive types without a name",
  untyped: "parameters without a type",
  unwritable: "types that cannot be written down",
  enum: "computed enum members",
  this: "`this` inside a type",
  any: "`any`",
  missing: "types that are not installed",
  omitted: "optional properties that a function leaves out",
  dropped: "the value that a generator returns in the end",
};

function reasons({ name, refused, different, incomparable }: Fidelity): string {
  const byReason = new Map<string, string[]>();
  for (const { name: fn, problems } of refused) {
    // A function has one line here, also when several things are wrong with it.
    const { reason, message, path } = problems.find((each) => each.reason === "function") ?? problems[0]!;
    const text = reason ? REASONS[reason] : message;
    byReason.set(text, [...(byReason.get(text) ?? []), path ?? fn]);
  }
  const lines = [...byReason]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([reason, paths]) => `- ${paths.length} refused: ${reason} (${list(paths)})`);
  if (incomparable.length > 0) lines.push(`- incomparable: ${list(incomparable)}`);
  for (const { name: fn, what } of different) lines.push(`- **${fn} differs**: ${what.replaceAll("\n", "; ")}`);
  return `### ${name}\n\n${lines.length === 0 ? "None is." : lines.join("\n")}`;
}

function list(paths: readonly string[]): string {
  const shown = paths.slice(0, SHOWN).map((path) => `\`${path}\``);
  return paths.length > SHOWN ? `${shown.join(", ")}, …` : shown.join(", ");
}
