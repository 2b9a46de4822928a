/** Documentation as data: the words before the first tag, and whether there is a warning in it. */
interface DocParts {
  text?: string;
  /** From the first tag on, as written. */
  tags?: string;
  deprecated: boolean;
}

/** One of the tags behind the words. */
export interface DocTag {
  /** Without the @. */
  name: string;
  text: string;
}

export function docParts(doc: string | undefined): DocParts {
  if (doc === undefined) return { deprecated: false };
  const at = doc.search(/^@[A-Za-z]/m);
  const text = (at < 0 ? doc : doc.slice(0, at)).trim();
  const tags = at < 0 ? "" : doc.slice(at).trim();
  return { ...(text && { text }), ...(tags && { tags }), deprecated: /^@deprecated\b/m.test(tags) };
}

/** Apart, in the author's order. What stands in a fenced block is no tag. */
export function docTags(tags: string | undefined): DocTag[] {
  const found: DocTag[] = [];
  let fenced = false;
  for (const line of tags?.split("\n") ?? []) {
    const [, name, text = ""] = (!fenced && /^@([A-Za-z]\w*)[ \t]*(.*)$/.exec(line)) || [];
    if (name !== undefined) found.push({ name, text });
    else if (found.length > 0) found.at(-1)!.text += `\n${line}`;
    if (/^\s*```/.test(name === undefined ? line : text)) fenced = !fenced;
  }
  return found.map(({ name, text }) => ({ name, text: text.trim() }));
}
