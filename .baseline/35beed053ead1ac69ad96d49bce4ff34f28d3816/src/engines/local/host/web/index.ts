/** The HTTP server for web functions. */
export { WebServer } from "./web-server.ts";
