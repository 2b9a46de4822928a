/**
 * What a conversion finds in the type that it is looking at: what cannot cross the wire, and which declarations are used, each with
 * its place in the type. Findings are taken back where a type is converted in another way after all.
 */
import type { ts } from "ts-morph";
import type { TypeSchema } from "../../schema/index.ts";
import type { RefusalReason } from "../problems.ts";
import { type DeclarationRecord, errors, type Owner, type Refusal, type Use } from "./owners.ts";

/** How much had been found at some point. */
interface Mark {
  refusals: number;
  uses: number;
}

export class Findings {
  #owner: Owner = { refusals: [], uses: [] };
  #path: string[] = [];
  #site: ts.Node | undefined;

  /** Collects what is found in the types of an owner. `site` is where a problem is reported that has no place of its own. */
  in<T>(owner: Owner, site: ts.Node, convert: () => T): T {
    const before = [this.#owner, this.#path, this.#site] as const;
    this.#owner = owner;
    this.#path = [];
    this.#site = site;
    try {
      return convert();
    } finally {
      [this.#owner, this.#path, this.#site] = before;
    }
  }

  /** Goes one step into the type: `.name`, `[]`. */
  at<T>(step: string, convert: () => T): T {
    this.#path.push(step);
    const result = convert();
    this.#path.pop();
    return result;
  }

  /** The place in the owner's type: `.items[].next`. */
  get path(): string {
    return this.#path.join("");
  }

  note(
    severity: Refusal["severity"],
    node: ts.Node | undefined,
    reason: RefusalReason,
    message: string,
    hint: string,
  ): Refusal {
    // Nodes that the compiler makes have no place.
    const place = node && node.pos >= 0 ? node : this.#site!;
    const refusal: Refusal = { severity, reason, path: this.path, node: place, message, hint };
    this.#owner.refusals.push(refusal);
    return refusal;
  }

  use(declaration: DeclarationRecord, isCompared: boolean): void {
    this.#owner.uses.push({ path: this.path, declaration, isCompared });
  }

  /** Uses inside a type that was converted at another place, with their paths in that type. */
  useAgain(uses: readonly Use[]): void {
    const { path } = this;
    for (const use of uses) this.#owner.uses.push({ ...use, path: path + use.path });
  }

  mark(): Mark {
    return { refusals: this.#owner.refusals.length, uses: this.#owner.uses.length };
  }

  since(mark: Mark): Owner {
    return { refusals: this.#owner.refusals.slice(mark.refusals), uses: this.#owner.uses.slice(mark.uses) };
  }

  takeBack(mark: Mark): Owner {
    return { refusals: this.#owner.refusals.splice(mark.refusals), uses: this.#owner.uses.splice(mark.uses) };
  }

  #hasErrors(mark: Mark): boolean {
    return errors(this.since(mark)).next().done !== true;
  }

  /**
   * The first way, unless something in it cannot cross the wire: then the second, unless that has the same fault.
   * `Pick<Options, "width">` can cross though `Options` has a callback.
   */
  preferring(first: () => TypeSchema, second: () => TypeSchema): TypeSchema {
    const before = this.mark();
    const converted = first();
    if (!this.#hasErrors(before)) return converted;
    const found = this.takeBack(before);
    const resolved = second();
    if (!this.#hasErrors(before)) return resolved;
    this.takeBack(before);
    this.#owner.refusals.push(...found.refusals);
    this.#owner.uses.push(...found.uses);
    return converted;
  }

  /** The first way, unless something in it cannot cross the wire, and all that cannot `isHopeless`: then the second. */
  unless(isHopeless: (refusal: Refusal) => boolean, first: () => TypeSchema, second: () => TypeSchema): TypeSchema {
    const before = this.mark();
    const converted = first();
    const found = [...errors(this.since(before))];
    if (found.length === 0 || !found.every(isHopeless)) return converted;
    this.takeBack(before);
    return second();
  }

  /** Whether all can cross the wire that a conversion finds, of which nothing is kept. */
  accepts(convert: () => TypeSchema): boolean {
    let hasErrors = false;
    this.tentatively((before) => {
      convert();
      hasErrors = this.#hasErrors(before);
      return undefined;
    });
    return !hasErrors;
  }

  /** Takes back what the conversion noted when it returns undefined. */
  tentatively(convert: (before: Mark) => TypeSchema | undefined): TypeSchema | undefined {
    const before = this.mark();
    const result = convert(before);
    if (!result) this.takeBack(before);
    return result;
  }
}
