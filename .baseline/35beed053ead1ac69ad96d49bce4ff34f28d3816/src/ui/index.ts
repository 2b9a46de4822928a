/** The local page: what is deployed and what runs, in a browser. */
export { serveUi, type Ui, type UiOptions } from "./server/index.ts";
