/** Documentation as it stands above a stub: the author's words, then where they come from. */
import type { CallSignature, FunctionSchema, SourceLocation } from "../schema/index.ts";

/** Each overload tells of its own parameters. */
export function functionDoc(
  fn: CallSignature & Pick<FunctionSchema, "overloads">,
  source: string | undefined,
): string | undefined {
  return withSource(fn.overloads ? fn.doc?.trim() : signatureDoc(fn), source);
}

/** Documentation, then the link to the author's source; undefined when there is neither. */
export function withSource(doc: string | undefined, source: string | undefined): string | undefined {
  return [doc, source && `@see ${codeSpan(source)}`].filter(Boolean).join("\n") || undefined;
}

/** Between backticks, or an editor takes what comes before the first dot or slash for the name of a symbol. */
function codeSpan(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** `src/app.ts:12`. */
export function sourceText(source: SourceLocation | undefined): string | undefined {
  return source && `${source.file}:${source.line}`;
}

/** A manifest keeps what is said of a parameter with the parameter. In a comment it stands between the text and the other tags. */
export function signatureDoc({ doc = "", parameters, typeParameters = [] }: CallSignature): string {
  const tags = [
    ...typeParameters.map((item) => item.doc && `@typeParam ${item.name} ${item.doc.trim()}`),
    ...parameters.map((item) => item.doc && `@param ${item.name} ${item.doc.trim()}`),
  ].filter(Boolean);
  const lines = doc.trimEnd().split("\n");
  const firstTag = lines.findIndex((line) => line.startsWith("@"));
  const text = firstTag < 0 ? lines : lines.slice(0, firstTag);
  return [...text, ...tags, ...(firstTag < 0 ? [] : lines.slice(firstTag))].join("\n").trim();
}
