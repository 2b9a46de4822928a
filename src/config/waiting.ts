/**
 * What is waited for of other people's code: configs and hooks. A promise that never settles keeps no process alive, so that Node would end
 * without a word; who runs the process can say by this what it was waiting for.
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
