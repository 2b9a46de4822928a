/**
 * Plan to text, through Handlebars templates: the shipped ones in templates/, each of which a file of the same name in the
 * user's folder replaces. More partials may stand beside them.
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Handlebars from "handlebars";
import { InvalidError } from "../runtime/errors.ts";
import { helpers } from "./helpers.ts";
import type { Plan } from "./plan.ts";

/** Template texts by name, with the file that each is in. */
export type Templates = Map<string, { file: string; text: string }>;

export const SHIPPED_TEMPLATES: string = fileURLToPath(new URL("../../templates", import.meta.url));

/** The shipped templates and, over them, those in the user's folder. Rejects with InvalidError when there is no such folder. */
export async function readTemplates(folder: string | undefined): Promise<Templates> {
  const templates: Templates = new Map();
  for (const from of folder === undefined ? [SHIPPED_TEMPLATES] : [SHIPPED_TEMPLATES, folder]) {
    let names: string[];
    try {
      names = (await readdir(from, { recursive: true })).filter((name) => name.endsWith(".hbs")).sort();
    } catch (cause) {
      throw new InvalidError(`The config's templates folder ${from} cannot be read`, {
        cause,
        hint: "`templates` is relative to the config's file. `farcall codegen --eject` copies the shipped templates there.",
      });
    }
    const texts = await Promise.all(names.map((name) => readFile(join(from, name), "utf8")));
    for (const [index, name] of names.entries()) {
      templates.set(name.slice(name.lastIndexOf("/") + 1, -".hbs".length), {
        file: join(from, name),
        text: texts[index]!,
      });
    }
  }
  return templates;
}

/** The text of each file, by name; the index comes last. */
export async function renderPlan(
  plan: Plan,
  templates: Templates,
  fileExtension: string,
): Promise<Map<string, string>> {
  const { default: handlebars } = await import("handlebars");
  const environment = handlebars.create();
  const knownHelpers = Object.fromEntries(Object.keys(helpers).map((name) => [name, true]));
  for (const [name, { text }] of templates) {
    environment.registerPartial(
      name,
      environment.compile(text, { noEscape: true, knownHelpers, knownHelpersOnly: true }),
    );
  }
  const render = (name: string, context: object, data: object = {}): string => {
    try {
      const template = environment.partials[name] as Handlebars.TemplateDelegate;
      return tidy(template(context, { data, helpers }));
    } catch (cause) {
      throw new InvalidError(`The template ${templates.get(name)!.file} failed: ${(cause as Error).message}`, {
        cause,
        hint: "docs/templates.md lists what templates see and which helpers they have.",
      });
    }
  };
  const texts = new Map(plan.apps.map((app) => [`${app.file}${fileExtension}`, render("app", app)]));
  return texts.set(`index${fileExtension}`, render("index", plan.index, { extension: plan.index.extension }));
}

/** One line end at the end, Unix line ends throughout, whatever a template's editor made of them. */
function tidy(text: string): string {
  return `${text.replaceAll("\r\n", "\n").trim()}\n`;
}
