/** The HTTP side of web functions, whichever engine runs them: which requests they get, and how their responses are sent. */
export { loopbackSite, publicSite, type Site } from "./guard.ts";
export { WebHandler, type WebRequest } from "./handler.ts";
export { isWeb, pathOf, traceIn, type WebFunctionName } from "./request.ts";
export { invalidResponse, WebResponse } from "./response.ts";
