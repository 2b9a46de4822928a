/** Shared by all commands: their output, interruption, and the engine that they use. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { DEFAULT_ENGINE, DEFAULT_ENVIRONMENT, type Engine } from "../engine/index.ts";
import type { AppManifest } from "../schema/index.ts";
import { parseTarget, type Target } from "./calling/target.ts";
import type { Output } from "./terminal/output.ts";

export interface EngineOptions {
  engine?: string;
}

export interface AppOptions extends EngineOptions {
  /** Environment of the app. */
  env: string;
}

export class Context {
  readonly output: Output;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly #engines: Engine[] = [];
  #runsUntilTold = false;

  constructor(output: Output, signal: AbortSignal) {
    this.output = output;
    this.signal = signal;
  }

  /** The command goes on until it is told to stop, and has done its work then. */
  untilTold(): void {
    this.#runsUntilTold = true;
  }

  get runsUntilTold(): boolean {
    return this.#runsUntilTold;
  }

  /**
   * Opens the engine that `--engine`, FARCALL_ENGINE or the project's config names, in this order. Calls of this process
   * go to it too.
   */
  async engine(options: EngineOptions): Promise<Engine> {
    await this.registerEngines();
    const { configure, keepUnknownCodecs, openEngine } = await import("../runtime/index.ts");
    // Values are shown and passed on here, never used.
    keepUnknownCodecs();
    const engine = await openEngine(await this.engineUrl(options));
    this.#engines.push(engine);
    configure({ engine });
    return engine;
  }

  /** Makes the schemes of engine URLs known. */
  async registerEngines(): Promise<void> {
    await import("../engines/index.ts");
  }

  async engineUrl(options: EngineOptions): Promise<string> {
    if (options.engine) return options.engine;
    if (process.env.FARCALL_ENGINE) return process.env.FARCALL_ENGINE;
    const { loadConfig } = await import("../config/index.ts");
    return (await loadConfig())?.engine ?? DEFAULT_ENGINE;
  }

  /** The newest deployed manifest of an app. If a function or class is given, it is in the manifest. */
  async manifest(target: Target, options: AppOptions): Promise<AppManifest> {
    const { registry } = await this.engine(options);
    const ref = { app: target.app, environment: options.env };
    const { manifest } = await registry.getManifest(ref);
    // Rejects, with the nearest names, when there is no such function.
    const isClass = manifest?.classes?.some(({ name }) => name === target.function);
    if (target.function !== undefined && !isClass) await registry.resolve({ ...ref, name: target.function });
    // Present, since no etag was given.
    return manifest as AppManifest;
  }

  /** Rejects, with the nearest names, when a list's filter names something that is not deployed. */
  async requireTarget(text: string | undefined, options: AppOptions): Promise<void> {
    if (text !== undefined) await this.manifest(parseTarget(text), options);
  }

  async close(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
  }
}

/** The options that every command which talks to an engine takes. */
export function engineOptions(command: Command): Command {
  return command
    .option("--engine <url>", "engine to use (default: FARCALL_ENGINE, the config's, then local:)")
    .option("--env <name>", "environment of the app", DEFAULT_ENVIRONMENT)
    .option("--json", "print JSON");
}

export function examples(command: Command, lines: readonly (readonly [command: string, what: string])[]): Command {
  const width = Math.max(...lines.map(([text]) => text.length));
  const text = lines.map(([line, what]) => `  $ ${line.padEnd(width)}   ${what}`).join("\n");
  return command.addHelpText("after", `\nExamples:\n${text}`);
}

/** Reads an option that can be repeated. */
export function several(value: string, before: string[]): string[] {
  return [...before, value];
}

/** Reads the number of a port; 0: any that is free. */
export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("give a port from 0 to 65535");
  }
  return value;
}

/** Reads an option's count. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("give a whole number from 1 up");
  return value;
}
