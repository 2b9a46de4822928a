/** The differences between two lock files, by function, since their lines are functions' whole manifests, too long to read. */

interface Lines {
  app: string;
  kind: string;
  entries: Map<string, string>;
}

/** `hello/greet changed`, one for each function, class and type. A lock that cannot be read, as after a merge conflict, counts as empty. */
export function lockChanges(before: string, after: string): string[] {
  const [was, is] = [linesOf(before), linesOf(after)];
  const keys = new Set([...was.keys(), ...is.keys()]);
  return [...keys].flatMap((key) => {
    const { app, kind } = (is.get(key) ?? was.get(key))!;
    const [old, now] = [was.get(key)?.entries ?? new Map(), is.get(key)?.entries ?? new Map()];
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
      const change = !old.has(name) ? "added" : !now.has(name) ? "removed" : "changed";
      return old.get(name) === now.get(name)
        ? []
        : [`${kind === "function" ? "" : `${kind} `}${app}/${name} ${change}`];
    });
  });
}

const KINDS = { functions: "function", classes: "class", declarations: "type" } as const;

function linesOf(text: string): Map<string, Lines> {
  const result = new Map<string, Lines>();
  for (const manifest of appsOf(text)) {
    for (const [field, kind] of Object.entries(KINDS)) {
      const items = (manifest as Record<string, unknown>)[field];
      if (!Array.isArray(items)) continue;
      const { app, environment } = manifest;
      // Its position in the author's file changes with every line before it.
      const entries = new Map(
        items.map(({ source: _, ...item }: { name: string; source?: unknown }) => [item.name, JSON.stringify(item)]),
      );
      result.set(`${app} ${environment} ${kind}`, { app, kind, entries });
    }
  }
  return result;
}

function appsOf(text: string): { app: string; environment: string }[] {
  try {
    const { apps } = JSON.parse(text) as { apps?: unknown };
    return Array.isArray(apps) ? apps : [];
  } catch {
    // Missing or not JSON: codegen itself warns about a lock that it cannot read.
    return [];
  }
}
