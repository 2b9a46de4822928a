/** Turns a plan into code with Handlebars templates, the shipped ones and the project's own. */
export { layoutOf, renderPlan } from "./render.ts";
export { loadTemplates, type Templates } from "./templates.ts";
