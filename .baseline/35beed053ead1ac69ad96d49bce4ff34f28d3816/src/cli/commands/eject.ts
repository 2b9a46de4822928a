/** `farcall codegen eject NAME`: copies a shipped template to the config's template folder, for the user to change. */
import { copyFile, mkdir, readdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { SHIPPED_TEMPLATES } from "../../codegen/index.ts";
import { checkConfig, type LoadedConfig } from "../../config/index.ts";
import { InvalidError, NotFoundError } from "../../runtime/errors.ts";
import { nearest } from "../../schema/index.ts";
import type { Output } from "../terminal/output.ts";

/** The folder for templates in a project without its own, relative to the config. */
const DEFAULT_FOLDER = "codegen-templates";

/** Without names, lists the templates. Rejects with NotFoundError for an unknown one, with InvalidError rather than overwrite. */
export async function eject(names: readonly string[], config: LoadedConfig, output: Output): Promise<void> {
  const shipped = await shippedTemplates();
  if (names.length === 0) {
    output.document([...shipped.keys()]);
    for (const name of shipped.keys()) output.line(name);
    return;
  }
  const paths = names.map((name) => shipped.get(name) ?? refuse(name, [...shipped.keys()]));
  const configured = (await checkConfig(config.value, config.file)).find(({ templates }) => templates !== undefined);
  const folder = resolve(config.root, configured?.templates ?? DEFAULT_FOLDER);
  const existing = new Set(await namesIn(folder));
  const kept = names.filter((name) => existing.has(name));
  if (kept.length > 0)
    throw new InvalidError(`${relative(process.cwd(), folder)} already has a template ${kept.join(", ")}`, {
      hint: "Remove it to start from the shipped one again.",
    });
  for (const path of paths) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(SHIPPED_TEMPLATES, path), target);
    output.line(`${output.style("green", "wrote")} ${relative(process.cwd(), target)}`);
  }
  output.document({ folder, written: paths });
  if (!configured)
    output.note(
      `Set ${output.styleNote("cyan", `templates: "${DEFAULT_FOLDER}"`)} in ${relative(process.cwd(), config.file)}.`,
    );
}

/** Paths in the folder of templates, by name. */
async function shippedTemplates(): Promise<Map<string, string>> {
  const paths = (await readdir(SHIPPED_TEMPLATES, { recursive: true })).filter((path) => path.endsWith(".hbs"));
  return new Map(paths.sort().map((path) => [basename(path, ".hbs"), path]));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { recursive: true })).map((path) => basename(path, ".hbs"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function refuse(name: string, known: readonly string[]): never {
  const near = nearest(name, known);
  throw new NotFoundError(`no template is called ${name}`, {
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "Run `farcall codegen eject` to list them.",
  });
}
