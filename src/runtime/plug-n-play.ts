/** Yarn's Plug'n'Play keeps packages in archives, from which neither hosts and containers nor TypeScript's introspection can be started. */
import { InvalidError } from "./errors.ts";

/** Throws InvalidError under Plug'n'Play. */
export function refusePlugNPlay(): void {
  if (process.versions["pnp"] === undefined) return;
  throw new InvalidError("farcall does not run under Yarn's Plug'n'Play, which keeps packages in archives", {
    hint: "Add `nodeLinker: node-modules` to .yarnrc.yml, and run `yarn install`.",
  });
}
