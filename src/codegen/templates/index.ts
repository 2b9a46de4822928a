/** From a plan to text: Handlebars templates, the shipped ones and the project's own. */
export { layoutOf, renderPlan } from "./render.ts";
export { loadTemplates, type Templates } from "./templates.ts";
