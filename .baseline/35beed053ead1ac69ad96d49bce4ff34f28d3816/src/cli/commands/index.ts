/** The commands, in the order of the help. Each is loaded only when it runs. */
import type { CommandEntry } from "./command.ts";

export const commands: readonly CommandEntry[] = [
  { name: "init", summary: "set up farcall in this project", load: () => import("./init.ts") },
  { name: "deploy", summary: "deploy an app", load: () => import("./deploy.ts") },
  { name: "dev", summary: "redeploy an app whenever its sources change", load: () => import("./dev.ts") },
  { name: "codegen", summary: "write typed stubs for the deployed apps", load: () => import("./codegen.ts") },
  { name: "apps", summary: "list the deployed apps", load: () => import("./apps.ts") },
  { name: "history", summary: "list the versions of an app", load: () => import("./history.ts") },
  { name: "rollback", summary: "deploy an earlier version of an app again", load: () => import("./rollback.ts") },
  { name: "describe", summary: "show an app's or a function's signatures", load: () => import("./describe.ts") },
  { name: "call", summary: "call a function", load: () => import("./call.ts") },
  { name: "map", summary: "call a function for each line of JSON", load: () => import("./map.ts") },
  { name: "logs", summary: "show the output of containers", load: () => import("./logs.ts") },
  { name: "stats", summary: "show queues and containers", load: () => import("./stats.ts") },
  { name: "calls", summary: "list recent calls", load: () => import("./calls.ts") },
  { name: "ui", summary: "open a page with apps, calls and queues in a browser", load: () => import("./ui.ts") },
  { name: "cancel", summary: "cancel a call", load: () => import("./cancel.ts") },
  { name: "remove", summary: "remove a deployed app", load: () => import("./remove.ts") },
  { name: "host", summary: "show or stop the engine's host process", load: () => import("./host.ts") },
  { name: "worker", summary: "run functions of a NATS engine on this machine", load: () => import("./worker.ts") },
  { name: "workers", summary: "list the workers of a NATS engine", load: () => import("./workers.ts") },
  { name: "nats", summary: "set NATS servers up for farcall", load: () => import("./nats.ts") },
  { name: "doctor", summary: "check the set-up for problems", load: () => import("./doctor.ts") },
  { name: "completion", summary: "print a shell's completion script", load: () => import("./completion.ts") },
];
