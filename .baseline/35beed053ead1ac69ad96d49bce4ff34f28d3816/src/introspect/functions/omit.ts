/** Functions whose option `omit` leaves out what cannot cross: which those are, and what they say about it. */
import type { CallSignature } from "../../schema/index.ts";
import { type Conversion, type DeclarationRecord, type Owner, reached, refusalsOf } from "../convert/index.ts";
import type { Report } from "../problems.ts";
import { type Located, stringProperty } from "../source/index.ts";
import type { SignatureOwner } from "./signatures.ts";

/** The conversion for a function's types, as its options say. */
export function conversionFor(cx: Conversion, options: Located | undefined, name: string, report: Report): Conversion {
  const omit = stringProperty(cx.checker, options, "omit");
  if (omit === "absent") return cx;
  if ("unknown" in omit) {
    const message = `the option omit of ${name} is not a literal, so it is not known before the program runs`;
    report(omit.unknown, message, 'Write it out: { omit: "uncrossable" }.');
    return cx;
  }
  // The types of options and their check at run time refuse other values.
  return omit.value === "uncrossable" ? cx.omitting : cx;
}

interface Omission {
  /** `fetchAll(options.onProgress)`. */
  path: string;
  /** Of the property. */
  name: string;
}

/** The properties that are left out of these types, each once, by the shortest path. */
export function omissionsIn(owners: readonly SignatureOwner[]): Omission[] {
  const omissions = new Map<unknown, Omission>();
  for (const owner of owners) {
    for (const { owner: at, inside, isCompared } of reached(owner)) {
      for (const refusal of isCompared ? [] : refusalsOf(at, false)) {
        const { omitted, path } = refusal;
        if (omitted === undefined || omissions.has(refusal)) continue;
        omissions.set(refusal, { path: owner.path(inside + path), name: omitted });
      }
    }
  }
  return [...omissions.values()];
}

const NOTE = "Left out of these types, since values of theirs cannot cross the wire:";

/** Tells callers, in the documentation, which properties its types lack. */
export function noteOmissions(signature: CallSignature, omissions: readonly Omission[]): void {
  if (omissions.length === 0) return;
  const note = [NOTE, ...omissions.map(({ path }) => `- \`${path}\``)].join("\n");
  const { doc = "" } = signature;
  // What follows a tag would belong to the tag.
  const tags = doc.search(/^@/m);
  const parts = tags < 0 ? [doc, note] : [doc.slice(0, tags), note, doc.slice(tags)];
  signature.doc = parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join("\n\n");
}

/**
 * A declaration that has lost nothing, neither of its own nor in what it uses, is the one that all other functions use. One that has
 * keeps a name of its own beside theirs.
 */
export function shareWhole(cx: Conversion, owners: readonly Owner[]): void {
  const users = new Set(owners.flatMap((owner) => [...reached(owner)].map(({ owner: at }) => at)));
  const reduced = new Set([...users].filter(({ refusals }) => refusals.some((one) => one.omitted !== undefined)));
  for (let before = -1; before < reduced.size; ) {
    before = reduced.size;
    for (const user of users) {
      if (user.uses.some(({ declaration }) => reduced.has(declaration))) reduced.add(user);
    }
  }
  const moved = new Set<DeclarationRecord>();
  for (const { uses } of users) {
    for (const use of uses) {
      const { declaration } = use;
      const shared = reduced.has(declaration) ? undefined : cx.counterpart(declaration, cx.omitting);
      if (!shared) continue;
      use.declaration = shared;
      if (moved.has(declaration)) continue;
      moved.add(declaration);
      shared.references.push(...declaration.references);
    }
  }
  for (const declaration of reduced) (declaration as Partial<DeclarationRecord>).isReduced = true;
}
