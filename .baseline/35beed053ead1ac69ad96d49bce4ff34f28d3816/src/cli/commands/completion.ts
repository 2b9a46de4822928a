/**
 * `farcall completion SHELL`: a script for the shell's start-up file. The script asks `farcall completion --words` for the
 * candidates, so that it never goes stale and knows the deployed apps and functions.
 */
import { Command } from "commander";
import type { Context } from "../context.ts";
import { examples } from "../context.ts";
import { UsageError } from "../terminal/report.ts";
import type { CommandEntry } from "./command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

const SCRIPTS: Record<(typeof SHELLS)[number], string> = {
  bash: `_farcall() {
  COMPREPLY=()
  local line words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  [[ $1 == codegen ]] && words=(codegen "\${words[@]}")
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(farcall completion --words "\${words[@]}" 2>/dev/null)
}
complete -o default -F _farcall farcall codegen
`,
  zsh: `#compdef farcall codegen
_farcall() {
  local -a candidates arguments
  arguments=("\${(@)words[2,CURRENT]}")
  [[ $service == codegen ]] && arguments=(codegen "\${arguments[@]}")
  candidates=(\${(f)"$(farcall completion --words "\${arguments[@]}" 2>/dev/null)"})
  (( \${#candidates} )) && compadd -- "\${candidates[@]}" || _files
}
compdef _farcall farcall codegen
`,
  fish: `complete -c farcall -a '(farcall completion --words (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
complete -c codegen -a '(farcall completion --words codegen (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

const TAKES_APP = ["remove", "history", "rollback"];

/** Commands whose first argument is an app or a function. */
const TAKES_FUNCTION = ["describe", "call", "map", "logs", "stats", "calls"];

export function define(command: Command, context: Context, commands: readonly CommandEntry[]): void {
  command
    .argument("[words...]", `a shell: ${SHELLS.join(", ")}`)
    .option("--words", "print the candidates for the last word")
    .passThroughOptions()
    .allowUnknownOption();
  examples(command, [
    ["farcall completion bash >> ~/.bashrc", "for bash"],
    ["farcall completion zsh >> ~/.zshrc", "for zsh"],
    ["farcall completion fish > ~/.config/fish/completions/farcall.fish", "for fish"],
  ]);
  command.action(async (words: string[], options: { words?: boolean }) => {
    if (options.words) {
      for (const candidate of await candidates(words, context, commands)) context.output.line(candidate);
      return;
    }
    const [shell] = words;
    const script = SCRIPTS[shell as (typeof SHELLS)[number]];
    if (script === undefined)
      throw new UsageError(
        shell === undefined ? "a shell is missing" : `no completion for ${shell}`,
        `Use one of ${SHELLS.join(", ")}.`,
      );
    context.output.raw(script);
  });
}

async function candidates(
  words: readonly string[],
  context: Context,
  commands: readonly CommandEntry[],
): Promise<string[]> {
  const [name, ...rest] = words;
  const last = words.at(-1) ?? "";
  const startingWithLast = (all: readonly string[]) => all.filter((candidate) => candidate.startsWith(last));
  if (words.length <= 1) return startingWithLast(commands.map((entry) => entry.name));

  const entry = commands.find((candidate) => candidate.name === name);
  if (!entry) return [];
  if (last.startsWith("-")) {
    const command = new Command(entry.name);
    (await entry.load()).define(command, context, commands);
    return startingWithLast(command.options.flatMap((option) => option.long ?? option.short ?? []));
  }
  if (entry.name === "codegen") return startingWithLast(["eject"]);
  if (entry.name === "host") return startingWithLast(["status", "stop"]);
  if (entry.name === "completion") return startingWithLast(SHELLS);
  const argumentIndex = rest.filter((word) => !word.startsWith("-")).length;
  if (argumentIndex > 1) return [];
  if (TAKES_APP.includes(entry.name)) return startingWithLast(await appNames(context));
  return TAKES_FUNCTION.includes(entry.name) ? startingWithLast(await functionTargets(last, context)) : [];
}

async function appNames(context: Context): Promise<string[]> {
  const { registry } = await context.engine({});
  return [...new Set((await registry.listApps()).map(({ app }) => app))];
}

/** Completes apps until one is complete, then its functions. */
async function functionTargets(word: string, context: Context): Promise<string[]> {
  const [app = "", name] = word.split("/");
  if (name === undefined) return (await appNames(context)).map((known) => `${known}/`);
  const { registry } = await context.engine({});
  const [known] = (await registry.listApps()).filter((summary) => summary.app === app);
  if (!known) return [];
  const { manifest } = await registry.getManifest(known);
  const names = [...(manifest?.functions ?? []), ...(manifest?.classes ?? [])].map(({ name }) => name);
  return names.map((each) => `${app}/${each}`);
}
