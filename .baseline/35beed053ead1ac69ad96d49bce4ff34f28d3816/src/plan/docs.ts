/** The documentation above a stub: the author's words, then a link to their source. */
import type { CallSignature, FunctionSchema, ParameterSchema, SourceLocation } from "../schema/index.ts";

/** Each overload documents its own parameters. */
export function functionDoc(
  fn: CallSignature & Pick<FunctionSchema, "overloads" | "keywords">,
  source: string | undefined,
): string | undefined {
  return withSource(fn.overloads ? fn.doc?.trim() : signatureDoc(fn), source);
}

/** Documentation, then the link to the author's source; undefined when there is neither. */
export function withSource(doc: string | undefined, source: string | undefined): string | undefined {
  return [doc, source && `@see ${codeSpan(source)}`].filter(Boolean).join("\n") || undefined;
}

/** In backticks, since an editor would otherwise take the part before the first dot or slash for a symbol. */
function codeSpan(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** `src/app.ts:12`. */
export function sourceText(source: SourceLocation | undefined): string | undefined {
  return source && `${source.file}:${source.line}`;
}

/** A manifest keeps a parameter's documentation with the parameter. In a comment it goes between the text and the other tags. */
export function signatureDoc({
  doc = "",
  parameters,
  typeParameters = [],
  keywords,
}: CallSignature & Pick<FunctionSchema, "keywords">): string {
  const tags: string[] = [];
  for (const { name, doc } of typeParameters) if (doc) tags.push(`@typeParam ${name} ${doc.trim()}`);
  for (const item of parameters) {
    const words = keywords ? withDefault(item) : item.doc?.trim();
    if (words) tags.push(`@param ${item.name} ${words}`);
  }
  const text = doc.trimEnd();
  if (tags.length === 0) return text.trimStart();
  // Where the first tag's line starts.
  const at = text.startsWith("@") ? 0 : text.indexOf("\n@") + 1 || text.length + 1;
  return [text.slice(0, Math.max(0, at - 1)), ...tags, text.slice(at)].join("\n").trim();
}

/** Python's readers look for defaults: a parameter's documentation ends with its own, unless it speaks of it already. */
function withDefault({ doc = "", default: value }: ParameterSchema): string {
  const words = doc.trim();
  if (value === undefined || value === "…" || /\bdefault/i.test(words)) return words;
  return `${words}${words === "" || /[.!?:]$/.test(words) ? "" : "."} Default: ${codeSpan(value)}.`.trim();
}
