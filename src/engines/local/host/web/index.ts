/** The HTTP server for web functions. */
export { isWeb, WebServer } from "./web-server.ts";
