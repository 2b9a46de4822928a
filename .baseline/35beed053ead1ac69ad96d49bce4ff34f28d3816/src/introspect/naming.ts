/** The names of declarations: the authors' own. Where two are the same, files and places decide, so that names stay put. */
import { type Declaration, isTypeName } from "../schema/index.ts";
import type { DeclarationRecord, Owner } from "./convert/index.ts";
import { relativePath } from "./problems.ts";
import type { AppProgram } from "./source/index.ts";

/** All declarations that these use, directly or through others. */
export function reachableFrom(functions: readonly { owners: readonly Owner[] }[]): Set<DeclarationRecord> {
  const reached = new Set<DeclarationRecord>();
  const stack: Owner[] = functions.flatMap(({ owners }) => owners);
  for (let owner = stack.pop(); owner; owner = stack.pop()) {
    for (const { declaration } of owner.uses) {
      if (reached.has(declaration)) continue;
      reached.add(declaration);
      stack.push(declaration);
    }
  }
  return reached;
}

/** Gives each its final name, in its uses too: `Options`, then `Options2`; `arguments_` for what stubs cannot declare. */
export function nameDeclarations(app: AppProgram, records: Iterable<DeclarationRecord>): Declaration[] {
  const sorted = [...records]
    .map((record) => ({ record, ...positionOf(app, record) }))
    .sort((a, b) => a.group - b.group || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.at - b.at || a.rank - b.rank));
  for (const { record } of sorted) if (!isTypeName(record.name)) rename(record, `${record.name}_`);
  const taken = new Set<string>();
  const repeated: DeclarationRecord[] = [];
  for (const { record } of sorted) {
    if (taken.has(record.name)) repeated.push(record);
    else taken.add(record.name);
  }
  for (const record of repeated) {
    let name = "";
    for (let count = 2; name === "" || taken.has(name); count++) name = `${record.name}${count}`;
    taken.add(name);
    rename(record, name);
  }
  return sorted.map(({ record }) => record.schema!);
}

function rename(record: DeclarationRecord, name: string): void {
  const schema = record.schema!; // all are converted
  schema.name = name;
  if (schema.kind === "enum") schema.authoredName = record.name;
  for (const reference of record.references) reference.name = name;
}

function positionOf(
  { root, isOwn }: AppProgram,
  { symbol, isReduced }: DeclarationRecord,
): { group: number; file: string; at: number; rank: number } {
  const node = symbol.declarations![0]!;
  const source = node.getSourceFile();
  const path = source.fileName;
  const inPackages = path.lastIndexOf("/node_modules/");
  // Where a package is installed must not matter.
  const file = inPackages >= 0 ? path.slice(inPackages) : relativePath(root, path);
  return { group: isOwn(source) ? 0 : 1, file, at: node.pos, rank: isReduced ? 1 : 0 };
}
