/** The server of the page of `farcall ui`. */
export { serveUi, type Ui, type UiOptions } from "./server.ts";
