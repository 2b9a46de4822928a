/** The HTTP side of web functions, whichever engine runs them: which requests they get, and how their responses are sent. */
export { loopbackSite, publicSite } from "./guard.ts";
export { WebHandler, type WebRequest } from "./handler.ts";
export { isWeb, pathOf, traceIn, type WebFunctionName } from "./request.ts";
export { invalidResponse, WebResponse, WINDOW } from "./response.ts";
