/** Documentation as data: the words before the first tag, and whether there is a warning in it. */
export interface DocParts {
  text?: string;
  /** From the first tag on, as written. */
  tags?: string;
  deprecated: boolean;
}

export function docParts(doc: string | undefined): DocParts {
  if (doc === undefined) return { deprecated: false };
  const at = doc.search(/^@[A-Za-z]/m);
  const text = (at < 0 ? doc : doc.slice(0, at)).trim();
  const tags = at < 0 ? "" : doc.slice(at).trim();
  return { ...(text && { text }), ...(tags && { tags }), deprecated: /^@deprecated\b/m.test(tags) };
}
