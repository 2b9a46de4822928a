/**
 * Which names TypeScript accepts where. Names in a manifest can come from anywhere, and the code printed from them gets
 * compiled, so every name is checked here first.
 */
const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/** Reserved, and nothing that a type could begin with: TypeScript does not take them as labels either. */
const STATEMENT_WORDS = words(
  "break case catch class const continue debugger default delete do else enum export extends finally for if in instanceof " +
    "return super switch throw try var while with",
);

/** Reserved in modules, as labels too. */
const MODULE_WORDS = words("await implements interface let package private protected public static yield");

/** Reserved too, but labels. */
const OTHER_RESERVED = words("false function import new null this true typeof void arguments eval");

/** Names that a type declaration cannot have, since they have a meaning of their own in types. */
const RESERVED_TYPES = words(
  "any bigint boolean infer intrinsic keyof never number object readonly string symbol undefined unique unknown",
);

const UNICODE_IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/** Also true for reserved words: enough for a property or an enum member. */
export function isIdentifierName(name: string): boolean {
  const length = name.length;
  if (length === 0) return false;
  for (let at = 0; at < length; at++) {
    const code = name.charCodeAt(at);
    if (code >= 97 && code <= 122) continue; // a-z
    if (code >= 65 && code <= 90) continue; // A-Z
    if (code === 95 || code === 36) continue; // _ $
    if (code >= 48 && code <= 57 && at > 0) continue; // 0-9
    return code > 127 && UNICODE_IDENTIFIER.test(name);
  }
  return true;
}

/** Can name a variable, a function or a parameter in a module. */
export function isBindingName(name: string): boolean {
  return isLabel(name) && !OTHER_RESERVED.has(name);
}

/** Can label an element of a tuple: `[new: Item]`, but not `[class: Item]`. */
export function isLabel(name: string): boolean {
  return isIdentifierName(name) && !STATEMENT_WORDS.has(name) && !MODULE_WORDS.has(name);
}

/** Can name an interface, an alias, an enum or a type parameter. */
export function isTypeName(name: string): boolean {
  return isBindingName(name) && !RESERVED_TYPES.has(name);
}
