/** A deployed farcall app whose functions cost nothing, so that only farcall is measured. */
import { Contestant } from "./contestant.ts";
import { Project } from "./project.ts";

const APP = `import { App } from "farcall";

export const app = new App("trivial");

export const increment = app.function(async function increment(x: number): Promise<number> {
  return x + 1;
});

/** The same, in its own containers. */
export const incrementToo = app.function(async function incrementToo(x: number): Promise<number> {
  return x + 1;
});

export const pass = app.function(async function pass(text: string): Promise<string> {
  return text;
});

/** Takes five milliseconds, and none of the processor's. */
export const pause = app.function(async function pause(x: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return x + 1;
});

/** Its container stops at once, so that each call starts a new one. */
export const incrementCold = app.function(
  async function incrementCold(x: number): Promise<number> {
    return x + 1;
  },
  { scaledownWindowMs: 1 },
);

/** Likewise. */
export const incrementColder = app.function(
  async function incrementColder(x: number): Promise<number> {
    return x + 1;
  },
  { scaledownWindowMs: 1 },
);
`;

export class TrivialApp implements AsyncDisposable {
  readonly project: Project;

  constructor(project: Project) {
    this.project = project;
  }

  /** A client process of this app; see contestants/farcall.ts. */
  client(options: { args?: string[]; execArgv?: string[] } = {}): Promise<Contestant> {
    return Contestant.start("farcall.ts", { env: this.project.env, ...options });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.project[Symbol.asyncDispose]();
  }
}

/** @param root of the built package that is used */
export async function startTrivialApp(root?: string): Promise<TrivialApp> {
  const project = new Project([["src/app.ts", APP]], root);
  project.farcall("deploy", "src/app.ts");
  return new TrivialApp(project);
}
