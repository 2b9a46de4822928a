/**
 * Handlebars templates, ready to run: the shipped ones in templates/, each of which a file of the same name in the user's
 * folder can replace; the folder may have more partials. The build precompiles the shipped ones (precompile.ts), so that a
 * project without its own templates does not load a compiler.
 */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type Handlebars from "handlebars";
import { helpers } from "../../plan/index.ts";
import { InvalidError } from "../../runtime/errors.ts";
import { SHIPPED_TEMPLATES } from "../shipped.ts";

/** Next to this file once the package is built. */
export const PRECOMPILED = "precompiled-templates.js";

/** Without HTML escaping, and with only the helpers in helpers.ts. */
const COMPILE_OPTIONS = {
  noEscape: true,
  knownHelpersOnly: true,
  knownHelpers: Object.fromEntries(Object.keys(helpers).map((name) => [name, true])) as KnownHelpers,
} satisfies CompileOptions;

export interface Templates {
  /** Prints a context. `data` is extra data for helpers. Throws InvalidError that names the template with the mistake. */
  render(name: string, context: object, data?: object): string;
  /** Whether all of them are shipped ones. */
  isShipped: boolean;
  /** The files and folders that were read. */
  inputs: string[];
}

export interface TemplateSource {
  name: string;
  file: string;
  text: string;
}

/** Rejects with InvalidError on a folder that cannot be read and on a template that cannot be parsed. */
export async function loadTemplates(folder: string | undefined): Promise<Templates> {
  const precompiled = folder === undefined ? await loadPrecompiled() : undefined;
  if (precompiled) {
    return {
      render: (name, context, data = {}) => tidy(precompiled[name]!(context, helpers, { hash: {}, data })),
      isShipped: true,
      inputs: [],
    };
  }
  const own = folder === undefined ? [] : await readTemplates(folder);
  const environment = (await import("handlebars")).default.create();
  for (const source of [...(await readTemplates(SHIPPED_TEMPLATES)), ...own])
    environment.registerPartial(source.name, compile(environment, source));
  return {
    render: (name, context, data = {}) =>
      tidy((environment.partials[name] as Handlebars.TemplateDelegate)(context, { data, helpers })),
    isShipped: folder === undefined,
    inputs: [...own.map(({ file }) => file), ...(folder === undefined ? [] : [folder])],
  };
}

export async function readTemplates(folder: string): Promise<TemplateSource[]> {
  try {
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".hbs")).sort();
    return await Promise.all(
      files.map(async (path) => {
        const file = join(folder, path);
        return { name: basename(path, ".hbs"), file, text: await readFile(file, "utf8") };
      }),
    );
  } catch (cause) {
    throw new InvalidError(`the folder of templates ${folder} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: "The config's `templates` is relative to the config's file.",
    });
  }
}

function compile(environment: typeof Handlebars, { file, text }: TemplateSource): Handlebars.TemplateDelegate {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      // Report a partial's mistake in the partial, not in the template that uses it.
      if (cause instanceof InvalidError) throw cause;
      throw new InvalidError(`the template ${file} has a mistake: ${(cause as Error).message}`, {
        cause,
        hint: "See docs/templates.md for what templates see and which helpers they have.",
      });
    }
  };
  const template = guard(() => environment.compile(environment.parse(text), COMPILE_OPTIONS));
  return (context, options) => guard(() => template(context, options));
}

/** A template compiled by the build. */
type PrecompiledTemplate = (context: object, use: typeof helpers, options: { hash: object; data: object }) => string;

async function loadPrecompiled(): Promise<Record<string, PrecompiledTemplate> | undefined> {
  try {
    return (
      (await import(new URL(PRECOMPILED, import.meta.url).href)) as { default: Record<string, PrecompiledTemplate> }
    ).default;
  } catch (error) {
    // When running from source, there are none.
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Ends with one line end and has Unix line ends throughout, whatever the template has. */
function tidy(text: string): string {
  return `${text.replaceAll("\r\n", "\n").trim()}\n`;
}
