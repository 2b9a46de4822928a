/**
 * Reads a Modal app from its Python source with patterns: the app's name and variable, and a function for a first
 * call. It only has to understand how people usually write apps; if it cannot tell, its callers ask the user or leave the step out.
 */

export interface PythonApp {
  /** As deployed: `modal.App("ml")`. */
  name: string;
  /** Its variable in the module. */
  variable: string;
}

/** `app = modal.App("ml", …)` at the top level. Groups: variable, quote, name. */
const APP = /^(\w+)\s*(?::\s*[\w.]+\s*)?=\s*(?:modal\.)?App\(\s*(?:name\s*=\s*)?(["'])([^"'\n]+)\2/gm;

/** All of a module's apps with their variables. */
export function appsIn(source: string): PythonApp[] {
  return Array.from(withoutStrings(source).matchAll(APP), ([, variable = "", , name = ""]) => ({ variable, name }));
}

interface PublishEdit {
  text: string;
  /** Lines that were added or changed, for people. */
  lines: string[];
}

/** The line that makes the module's types travel with the deploy, as `published` writes it. */
export const publishes = (source: string): boolean => /^\s*(farcall\.)?publish\(/m.test(source);

/** Containers get the helper through the app's image. */
export const mountsHelper = (source: string): boolean => /add_local_python_source\([^)]*["']farcall["']/.test(source);

const MODAL_IMPORT = /^(?:import|from)\s+modal\b/m;

/**
 * The module with `farcall.publish(app)` as its last line. An app without an image gets one that includes the helper; the
 * author's own images are left to the author.
 * @param image the method call that adds the helper to an image: `.add_local_python_source("farcall")`
 */
export function published(source: string, { name, variable }: PythonApp, image: string): PublishEdit {
  const eol = source.includes("\r\n") ? "\r\n" : "\n";
  const lines: string[] = [];
  let text = source;
  if (!/^import farcall$/m.test(text.replaceAll("\r", ""))) {
    const at = MODAL_IMPORT.exec(text)?.index ?? 0;
    text = `${text.slice(0, at)}import farcall${eol}${text.slice(at)}`;
    lines.push("import farcall");
  }
  if (!usesImages(text)) {
    const bare = new RegExp(
      String.raw`^(${variable}\s*(?::[^=\n]+)?=\s*)((?:modal\.)?)App\(\s*((?:name\s*=\s*)?(["'])${escape(name)}\4)\s*,?\s*\)`,
      "m",
    );
    text = text.replace(bare, (_, before: string, module: string, argument: string) => {
      const made = `${before}${module}App(${argument}, image=${module}Image.debian_slim()${image})`;
      lines.push(made);
      return made;
    });
  }
  const last = `farcall.publish(${variable})`;
  lines.push(last);
  return { text: `${text.trimEnd()}${eol}${eol}${eol}${last}${eol}`, lines };
}

/** Whether the author defines images, to which the helper has to be added by hand. */
export function usesImages(source: string): boolean {
  return /\bimage\s*=|\bImage\b/.test(source);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export interface SampleCall {
  name: string;
  /** TypeScript, separated by commas. */
  args: string;
  generator: boolean;
}

/** Arguments for a first call, by annotation. */
const SAMPLES: Readonly<Record<string, string>> = {
  str: '"hello"',
  int: "3",
  float: "0.5",
  bool: "true",
  bytes: "new Uint8Array([1, 2, 3])",
  "list[str]": '["hello", "world"]',
  "list[int]": "[1, 2, 3]",
  "list[float]": "[0.1, 0.2, 0.3]",
};

/** Groups: decorators below the app's, name, parameters up to the body. */
const functionOf = (variable: string) =>
  new RegExp(
    String.raw`^@${variable}\.function\([\s\S]*?\)\n((?:@.*\n)*)(?:async )?def (\w+)\(([\s\S]*?)\)\s*(?:->[^\n]*)?:\n`,
    "gm",
  );

/** The first function for which sample arguments can be made. */
export function sampleCall(source: string, variable: string): SampleCall | undefined {
  const text = source.replaceAll("\r\n", "\n");
  for (const match of text.matchAll(functionOf(variable))) {
    const [whole, decorators = "", name = "", parameters = ""] = match;
    if (/endpoint|asgi_app|wsgi_app|web_server|batched/.test(decorators) || /\bname\s*=/.test(whole.split("def ")[0]!))
      continue;
    const args = sampleArguments(parameters);
    if (args === undefined) continue;
    const body = text.slice(match.index + whole.length).split(/\n(?=\S)/, 1)[0]!;
    return { name, args, generator: /^\s+yield\b|=\s*yield\b/m.test(body) };
  }
  return undefined;
}

/** `undefined` when a parameter is not understood. Those with defaults are left out. */
function sampleArguments(parameters: string): string | undefined {
  const args: string[] = [];
  let byName = false;
  for (const parameter of splitTop(parameters)) {
    if (parameter.startsWith("*")) byName = true;
    if (parameter === "/" || parameter.startsWith("*") || parameter.includes("=")) continue;
    const sample = SAMPLES[parameter.split(":")[1]?.trim() ?? ""];
    if (sample === undefined || byName) return undefined;
    args.push(sample);
  }
  return args.join(", ");
}

/** Splits at commas outside brackets. */
function splitTop(text: string): string[] {
  const parts: string[] = [""];
  let depth = 0;
  for (const character of text.replace(/#.*$/gm, "")) {
    if ("[({".includes(character)) depth++;
    if ("])}".includes(character)) depth--;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/** Removes triple-quoted strings: examples in docstrings are not code. */
function withoutStrings(source: string): string {
  return source.replace(/("""|''')[\s\S]*?\1/g, '""');
}
