/** What starts containers, one launcher for each language. */
export type { Launcher, LaunchOptions } from "./launcher.ts";
export { NodeLauncher, type NodeLauncherOptions } from "./node.ts";
