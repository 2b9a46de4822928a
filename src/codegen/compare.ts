/** What changed in the deployed apps since stubs were last written, function by function, and whether callers notice. */
import { type Compatibility, compareFunctions } from "../schema/index.ts";
import type { LockedFunction, LockedManifest } from "./locked.ts";

export interface FunctionChange {
  app: string;
  environment: string;
  function: string;
  change: "added" | "removed" | "changed";
  verdict: Compatibility["verdict"];
  /** One line each. */
  reasons: string[];
}

/** Apps that were not there before are left out: everything in them is new. */
export function compareApps(before: readonly LockedManifest[], after: readonly LockedManifest[]): FunctionChange[] {
  return after.flatMap((now) => {
    const was = before.find(({ app, environment }) => app === now.app && environment === now.environment);
    return was ? compareApp(was, now) : [];
  });
}

function compareApp(before: LockedManifest, after: LockedManifest): FunctionChange[] {
  const { app, environment } = after;
  const earlier = new Map(before.functions.map((fn) => [fn.name, fn]));
  const changes: FunctionChange[] = [];
  for (const fn of after.functions) {
    const was = earlier.get(fn.name);
    earlier.delete(fn.name);
    const common = { app, environment, function: fn.name };
    if (!was) {
      changes.push({ ...common, change: "added", verdict: "compatible", reasons: [] });
      continue;
    }
    // The signature stands for every type in it, those of declarations too.
    if (was.signature === fn.signature && withoutSource(was) === withoutSource(fn)) continue;
    const { verdict, reasons } = compareFunctions(
      { fn: was, declarations: before.declarations },
      { fn, declarations: after.declarations },
    );
    if (verdict !== "same") changes.push({ ...common, change: "changed", verdict, reasons });
  }
  for (const name of earlier.keys()) {
    changes.push({ app, environment, function: name, change: "removed", verdict: "breaking", reasons: ["it is gone"] });
  }
  return changes;
}

function withoutSource({ source: _, ...fn }: LockedFunction): string {
  return JSON.stringify(fn);
}
