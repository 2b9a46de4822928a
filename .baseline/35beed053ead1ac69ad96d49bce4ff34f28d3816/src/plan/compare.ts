/** Changes in the deployed apps since stubs were last written, function by function, and whether they affect callers. */
import { type Compatibility, compareClasses, compareFunctions } from "../schema/index.ts";
import type { LockedClass, LockedFunction, LockedManifest } from "./locked.ts";

export interface FunctionChange {
  app: string;
  environment: string;
  /** Or the class, for its constructor. */
  function: string;
  change: "added" | "removed" | "changed";
  verdict: Compatibility["verdict"];
  /** One line each. */
  reasons: string[];
}

/** New apps are left out: everything in them is new. */
export function compareApps(before: readonly LockedManifest[], after: readonly LockedManifest[]): FunctionChange[] {
  return after.flatMap((now) => {
    const was = before.find(({ app, environment }) => app === now.app && environment === now.environment);
    return was ? [...compareConstructors(was, now), ...compareApp(was, now)] : [];
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
    // The signature covers every type in it, including declared ones.
    if (was.signature === fn.signature && withoutSource(was) === withoutSource(fn)) continue;
    const { verdict, reasons } = compareFunctions(
      { fn: was, declarations: before.declarations },
      { fn, declarations: after.declarations },
    );
    if (verdict !== "same") changes.push({ ...common, change: "changed", verdict, reasons });
  }
  for (const name of earlier.keys()) {
    changes.push({
      app,
      environment,
      function: name,
      change: "removed",
      verdict: "breaking",
      reasons: ["it was removed"],
    });
  }
  return changes;
}

function compareConstructors(before: LockedManifest, after: LockedManifest): FunctionChange[] {
  return (after.classes ?? []).flatMap((of): FunctionChange[] => {
    const was = before.classes?.find(({ name }) => name === of.name);
    // A new or removed class shows in its methods.
    if (!was || (was.signature === of.signature && withoutSource(was) === withoutSource(of))) return [];
    const result = compareClasses(
      { of: was, declarations: before.declarations },
      { of, declarations: after.declarations },
    );
    const { app, environment } = after;
    return result.verdict === "same" ? [] : [{ app, environment, function: of.name, change: "changed", ...result }];
  });
}

function withoutSource({ source: _, ...fn }: LockedFunction | LockedClass): string {
  return JSON.stringify(fn);
}
