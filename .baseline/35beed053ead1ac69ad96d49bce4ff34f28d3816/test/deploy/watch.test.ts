/** `farcall dev`: a change of any file that the app is made of is deployed; errors wait for the next change. */
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Deployment, watchApp } from "../../src/deploy/index.ts";
import { localEngine } from "../../src/engines/local/index.ts";
import { temporaryHome } from "../support/home.ts";
import { project } from "./project.ts";

const app = `import { App } from "farcall";
import { factor } from "./lib/factor.ts";
import type { Size } from "./lib/types.ts";
export const app = new App("watched");
export const scale = app.function(function scale(size: Size): number { return size.width * factor; });
`;

test("deploys at every change of a source, a type or a missing file, and survives errors", async () => {
  await using home = await temporaryHome();
  await using source = await project({
    "app.ts": app,
    "lib/factor.ts": "export const factor = 2;",
    "lib/types.ts": "export interface Size { width: number }",
  });
  const engine = localEngine(home.url);
  const stop = new AbortController();
  const events: (Deployment | Error)[] = [];
  let arrived = () => {};
  const note = (event: Deployment | Error) => {
    events.push(event);
    arrived();
  };
  const next = async (): Promise<Deployment | Error> => {
    while (events.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
    return events.shift()!;
  };
  const watching = watchApp({
    entry: source.path("app.ts"),
    engine,
    signal: stop.signal,
    onDeployed: note,
    onFailed: (error) => note(error as Error),
  });
  try {
    expect(await next()).toMatchObject({ version: 1, changed: true });

    await source.write("lib/factor.ts", "export const factor = 3;");
    expect(await next()).toMatchObject({ version: 2, changed: true });

    await source.write("lib/types.ts", "export interface Size { width: number; height?: number }");
    expect(await next()).toMatchObject({ version: 3, comparison: [{ name: "scale", verdict: "compatible" }] });

    await source.write("app.ts", `import { more } from "./more.ts";\n${app}void more;\n`);
    expect(await next()).toBeInstanceOf(Error);
    await source.write("more.ts", "export const more = 1;");
    expect(await next()).toMatchObject({ version: 4 });

    await source.write("lib/factor.ts", "export const factor: string = 3;");
    expect(await next()).toBeInstanceOf(Error);
    await source.write("lib/factor.ts", "export const factor = 4;");
    expect(await next()).toMatchObject({ version: 5 });

    // Saved without a change, and a file that is none of the app's.
    await source.write("notes.txt", "nothing");
    await source.write("lib/factor.ts", "export const factor = 4;");
    expect(await next()).toMatchObject({ version: 5, changed: false });
  } finally {
    stop.abort();
    await watching;
    await engine.close();
  }
  expect(events).toEqual([]);
});

test("a log that lies beside the app sets off nothing, also after a failure; a missing file does", async () => {
  await using home = await temporaryHome();
  await using source = await project({
    "app.ts": `${app}%`,
    "lib/factor.ts": "export const factor = 2;",
    "lib/types.ts": "export interface Size { width: number }",
    "assets.d.ts": 'declare module "*.sql" { const text: string; export default text; }',
    "dev.log": "",
  });
  const engine = localEngine(home.url);
  const stop = new AbortController();
  const changes: string[] = [];
  let failures = 0;
  const watching = watchApp({
    entry: source.path("app.ts"),
    engine,
    signal: stop.signal,
    onDeployed: () => stop.abort(),
    onChange: (files) => changes.push(...files),
    onFailed: () => {
      failures++;
      // As this command's own output is, when it is sent there.
      writeFileSync(source.path("dev.log"), `${failures} failures`);
      if (failures === 1) writeFileSync(source.path("app.ts"), `import sql from "./all.sql";\n${app}void sql;\n`);
      if (failures === 2) writeFileSync(source.path("all.sql"), "SELECT 1");
    },
  });
  await watching;
  await engine.close();
  expect([...new Set(changes)]).toEqual([source.path("app.ts"), source.path("all.sql")]);
  expect(failures).toBe(2);
});
