/** Documentation as it stands above a stub: the author's words, then where they come from. */
import type { CallSignature } from "../schema/index.ts";

export function functionDoc(fn: CallSignature, source: string | undefined): string | undefined {
  const text = signatureDoc(fn);
  const link = source && `@see ${source}`;
  return [text, link].filter(Boolean).join("\n") || undefined;
}

/** The doc of a signature with that of its parameters, unless the text has it already. */
export function signatureDoc(signature: CallSignature): string {
  const lines = signature.doc ? [signature.doc.trimEnd()] : [];
  for (const { name, doc } of signature.parameters) {
    if (doc && !mentions(signature.doc, name)) lines.push(`@param ${name} ${doc.trim()}`);
  }
  return lines.join("\n");
}

function mentions(doc: string | undefined, parameter: string): boolean {
  for (let at = doc?.indexOf("@param") ?? -1; at >= 0; at = doc!.indexOf("@param", at + 1)) {
    const words = doc!.slice(at + "@param".length, at + 300).trimStart();
    // `@param {Type} name`, `@param [name]`, `@param name.part` and `@param name - text` all occur.
    const name = words.replace(/^\{[^}]*\}\s*/, "").match(/^\[?([^\s\]=.]+)/)?.[1];
    if (name === parameter) return true;
  }
  return false;
}
