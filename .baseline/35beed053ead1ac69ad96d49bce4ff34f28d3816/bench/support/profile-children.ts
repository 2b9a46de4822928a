/** Preloaded into a host: its containers then load the profiler first. A host keeps NODE_OPTIONS and the like from them. */
import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";

const { spawn } = childProcess;
const profiler = ["--import", new URL("profile-container.ts", import.meta.url).href];

Object.assign(childProcess, {
  spawn: (command: string, args: string[], options: childProcess.SpawnOptions) =>
    command === process.execPath
      ? spawn(command, [...profiler, ...args], {
          ...options,
          env: { ...options.env, PROFILE_FOLDER: process.env["PROFILE_FOLDER"] },
        })
      : spawn(command, args, options),
});
syncBuiltinESMExports();
