/**
 * Promises of other people's code (configs and hooks) that are being awaited. A promise that never settles does not keep a process alive, so
 * Node would exit without a message; with this list the process can say what it was waiting for.
 */
const waiting = new Set<string>();

export async function waitFor<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  waiting.add(what);
  try {
    return await work();
  } finally {
    waiting.delete(what);
  }
}

export function waitedFor(): readonly string[] {
  return [...waiting];
}
