/** What people ask about calls and logs. */
export { answerOf, Calls, type SourceQuestion } from "./calls.ts";
export { NatsMonitor } from "./monitor.ts";
