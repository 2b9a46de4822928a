/** Renders a plan: the files of each app, then those of the index. */
import { type Plan, wrapCode } from "../../plan/index.ts";
import type { Templates } from "./templates.ts";

/** A file's template and extension. */
export type Layout = readonly { template: "" | ".js" | ".d.ts"; suffix: string }[];

/** TypeScript is one file; JavaScript is a file with a declaration file. */
export function layoutOf(emit: "ts" | "js", sourceExtension: string, isModulePackage: boolean): Layout {
  if (emit === "ts") return [{ template: "", suffix: sourceExtension }];
  return isModulePackage
    ? [
        { template: ".js", suffix: ".js" },
        { template: ".d.ts", suffix: ".d.ts" },
      ]
    : [
        { template: ".js", suffix: ".mjs" },
        { template: ".d.ts", suffix: ".d.mts" },
      ];
}

/** Each file's content, by name. Lines from a project's own templates are not wrapped. */
export function renderPlan(plan: Plan, templates: Templates, layout: Layout): Map<string, string> {
  const texts = new Map<string, string>();
  const render = (name: string, context: object, data?: object): string => {
    const text = templates.render(name, context, data);
    return templates.isShipped ? wrapCode(text) : text;
  };
  for (const app of plan.apps) {
    const context = { ...app, typeImports: app.imports.filter(({ typeOnly }) => typeOnly) };
    for (const { template, suffix } of layout) texts.set(app.file + suffix, render(`app${template}`, context));
  }
  const data = { extension: plan.index.extension };
  for (const { template, suffix } of layout) texts.set(`index${suffix}`, render(`index${template}`, plan.index, data));
  return texts;
}
