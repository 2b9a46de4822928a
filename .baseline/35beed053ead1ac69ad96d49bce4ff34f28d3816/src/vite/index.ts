/**
 * `farcall/vite`: stubs in a Vite project. The dev server regenerates them on each deploy, and Vite reloads the modules that import
 * them; a build fails when they are out of date, since the bundled stubs would not fit the deployed functions.
 */
import { relative, resolve } from "node:path";
import type { Logger, Plugin } from "vite";
import { type GenerateResult, generate, type WatchEvent, watch } from "../codegen/index.ts";
import { type LoadedConfig, loadConfig } from "../config/index.ts";
import { NotFoundError } from "../runtime/errors.ts";

export interface FarcallPluginOptions {
  /** The config's path, relative to Vite's root. Default: the nearest config from the root upwards. */
  config?: string;
  /** URL of the engine. Default: FARCALL_ENGINE, then the config's, then `local:`. */
  engine?: string;
  /** What a build compares the stubs with: the deployed apps (true, the default), `farcall.lock.json` ("offline"), or nothing (false). */
  check?: boolean | "offline";
}

/** Under Vitest it does nothing: a test run should neither rewrite sources nor fail because of a deploy in the meantime. */
export default function farcall(options: FarcallPluginOptions = {}): Plugin {
  const { engine, check = true } = options;
  let root = process.cwd();
  let command: "build" | "serve" = "serve";
  // By environment, since a restarting server's successor has its hooks called before the old server ends.
  const watches = new WeakMap<object, AbortController>();

  return {
    name: "farcall",

    configResolved(config) {
      root = config.root;
      command = config.command;
    },

    async configureServer(server) {
      if (process.env.VITEST) return;
      const config = await requireConfig(root, options.config);
      const stop = new AbortController();
      watches.set(server.environments.client, stop);
      const { logger } = server.config;
      // The server waits for stubs, so that the first requests find them; it does not wait for an engine that is unavailable.
      await new Promise<void>((settled) => {
        const onEvent = (event: WatchEvent) => {
          report(event, logger, root);
          settled();
        };
        watch(config, { engine, signal: stop.signal, onEvent }).then(settled, (error: unknown) => {
          report({ kind: "failed", causes: [], error }, logger, root);
          settled();
        });
      });
    },

    async buildStart() {
      if (command !== "build" || check === false || process.env.VITEST) return;
      const config = await requireConfig(root, options.config);
      const result = await generate(config, { engine, dryRun: true, offline: check === "offline" }).catch(
        (error: unknown) => this.error(textOf(error)),
      );
      for (const warning of result.warnings) this.warn(warning);
      if (!result.upToDate)
        this.error(staleText(result, root, check === "offline" ? "farcall.lock.json" : "what is deployed"));
    },

    // In a dev server, the client's environment ends here, and the server with it.
    buildEnd() {
      watches.get(this.environment)?.abort();
    },
  };
}

async function requireConfig(root: string, file: string | undefined): Promise<LoadedConfig> {
  const config = await loadConfig({ cwd: root, file: file === undefined ? undefined : resolve(root, file) });
  if (config) return config;
  throw new NotFoundError(`no farcall config in ${root} or above`, {
    hint: "`npx farcall init` writes one. Use the plugin's option `config` for a config elsewhere.",
  });
}

function report(event: WatchEvent, logger: Logger, root: string): void {
  if (event.kind === "failed") {
    logger.error(`[farcall] ${textOf(event.error)}`, { timestamp: true });
    return;
  }
  for (const warning of event.result.warnings) logger.warn(`[farcall] ${warning}`, { timestamp: true });
  if (event.result.upToDate) return;
  const written = changedFiles(event.result, root).map(({ path }) => path);
  logger.info(`[farcall] ${event.causes.join(", ")}: wrote ${written.join(", ")}`, { timestamp: true });
}

function staleText(result: GenerateResult, root: string, source: string): string {
  const changes = result.changes.map(
    ({ app, function: name, change, verdict, reasons }) =>
      `  ${app}/${name} ${change}: ${[verdict, reasons.join("; ")].filter(Boolean).join(", ")}`,
  );
  return [
    `The stubs are out of date with ${source}:`,
    ...changedFiles(result, root).map(({ status, path }) => `  ${status} ${path}`),
    ...changes,
    "Run `npx farcall codegen` and commit what it writes.",
  ].join("\n");
}

function changedFiles({ files }: GenerateResult, root: string): { status: string; path: string }[] {
  return files
    .filter(({ status }) => status !== "unchanged")
    .map(({ status, path }) => ({ status, path: relative(root, path) }));
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint } = error as { hint?: string };
  return hint ? `${error.message}\n  hint: ${hint}` : error.message;
}
