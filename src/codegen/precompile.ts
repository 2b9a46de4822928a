/** For the build: the shipped templates as a module of compiled ones. */
import handlebars from "handlebars";
import { SHIPPED_TEMPLATES } from "./shipped.ts";
import { COMPILE_OPTIONS, readTemplates } from "./templates.ts";

/** The text of the module that templates.ts looks for beside itself. */
export async function precompileTemplates(): Promise<string> {
  const sources = await readTemplates(SHIPPED_TEMPLATES);
  const entries = sources.map(
    ({ name, text }) => `  ${JSON.stringify(name)}: ${handlebars.precompile(text, COMPILE_OPTIONS)},\n`,
  );
  return `export default {\n${entries.join("")}};\n`;
}
