/** Asks the user at the terminal. */
import type { Output } from "./output.ts";

/** Whether the user agreed; false without asking if nobody can answer. Rejects when the signal aborts. */
export async function confirm(question: string, output: Output, signal: AbortSignal): Promise<boolean> {
  if (!canAsk(output)) return false;
  return /^y(es)?$/i.test((await ask(question, signal)).trim());
}

export function canAsk(output: Output): boolean {
  return output.interactive && process.stdin.isTTY === true;
}

/** The line that the user typed. Rejects when the signal aborts. */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  const { createInterface } = await import("node:readline/promises");
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // The prompt intercepts the terminal's Ctrl-C.
  prompt.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return await prompt.question(question, { signal });
  } finally {
    prompt.close();
  }
}
