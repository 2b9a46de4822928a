/** `farcall dev`: a change of any file that the app is made of is deployed; errors wait for the next change. */
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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

test("a log beside the sources, to which a failed deploy is printed, is not a reason to deploy again", async () => {
  await using home = await temporaryHome();
  await using source = await project({
    "app.ts": `${app}oops(`,
    "lib/factor.ts": "export const factor = 2;",
    "dev.log": "",
  });
  const types = "export interface Size { width: number }";
  await source.write("lib/types.ts", types);
  const engine = localEngine(home.url);
  const stop = new AbortController();
  const changes: string[] = [];
  const failed = Promise.withResolvers<void>();
  const watching = watchApp({
    entry: source.path("app.ts"),
    engine,
    signal: stop.signal,
    onDeployed: () => stop.abort(),
    onFailed: () => failed.resolve(),
    onChange: (files) => changes.push(...files.map((file) => basename(file))),
  });
  try {
    await failed.promise;
    await source.write("dev.log", "error");
    await sleep(500);
    await source.write("app.ts", app);
    await watching;
    expect(changes).toContain("app.ts");
    expect(changes).not.toContain("dev.log");
  } finally {
    stop.abort();
    await watching;
    await engine.close();
  }
});
