/** Plan to text: one file for each app, then the index. */
import type { Plan } from "./plan.ts";
import type { Templates } from "./templates.ts";

/** The text of each file, by name. */
export function renderPlan(plan: Plan, templates: Templates, fileExtension: string): Map<string, string> {
  const texts = new Map(plan.apps.map((app) => [`${app.file}${fileExtension}`, templates.render("app", app)]));
  return texts.set(`index${fileExtension}`, templates.render("index", plan.index, { extension: plan.index.extension }));
}
