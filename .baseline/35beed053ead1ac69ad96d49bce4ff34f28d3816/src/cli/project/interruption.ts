/** Reacts to Ctrl-C during a deploy at once, and says whether anything was registered. */
import type { Context } from "../context.ts";

/**
 * Rejects as soon as the command is interrupted, unless the version is being registered: then it waits for the engine's answer.
 * @param pause clears the terminal for a line
 * @param work calls `registering` before it sends the version to the engine, and stops by itself when the signal aborts
 */
export async function interruptible<T>(
  { signal, output }: Context,
  pause: () => void,
  work: (registering: () => void) => Promise<T>,
): Promise<T> {
  let isRegistering = false;
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    pause();
    if (isRegistering) {
      output.note(
        "Interrupted while the version is being registered: waiting for the engine's answer. Ctrl-C again leaves at once.",
      );
      return;
    }
    output.event({ interrupted: true, registered: false });
    output.note("Interrupted. Nothing was registered.");
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const working = work(() => {
    isRegistering = true;
  });
  // It fails because it was interrupted.
  working.catch(() => {});
  try {
    return await Promise.race([working, interrupted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
