/** A question to all workers, or to any one of them, and what they answer. */

import type { Failure } from "../../engine/index.ts";
import { failureToError } from "../../runtime/errors.ts";
import { clearTimeout, setTimeout } from "../../runtime/timers.ts";
import type { Connection, Msg } from "./connection.ts";
import { PREFIX, subjects } from "./names.ts";

/** Workers that have not answered by then are on their way out, or cut off. */
const LIMIT_MS = 2_000;
/** After an answer, the next ones are not far. */
const PAUSE_MS = 100;

interface Answer<T> {
  worker: string;
  result?: T;
  failure?: Failure;
}

/**
 * Answers the process that asked, and no other: a user must not be able to make others publish where that user may not.
 */
export function answer<T>({ reply }: Msg, connection: Connection, content: Answer<T>): void {
  if (reply?.startsWith(`${PREFIX}.a.`)) connection.publish(reply, JSON.stringify(content));
}

/**
 * None when no worker is there. Rejects with what a worker says is wrong.
 * @param but the worker whose answer does not count
 * @param one the question is answered by one of them
 */
export function ask<T>(
  connection: Connection,
  question: string,
  params: unknown,
  { one = false, but }: { one?: boolean; but?: string } = {},
): Promise<T[]> {
  return connection.ask(async ({ nc }) => {
    const answers: T[] = [];
    /** A worker that moves to another server may get a question twice. */
    const heard = new Set<string>();
    const inbox = await connection.newInbox();
    const subject = subjects.ask(question);
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    let timer = setTimeout(resolve, LIMIT_MS);
    const subscription = nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return reject(error);
        if (message.headers?.code === 503) return resolve();
        const { worker, result, failure } = message.json<Answer<T>>();
        if (failure) return reject(failureToError(failure));
        if (worker !== but && !heard.has(worker)) answers.push(result as T);
        heard.add(worker);
        if (one) return resolve();
        clearTimeout(timer);
        timer = setTimeout(resolve, PAUSE_MS);
      },
    });
    const forget = connection.onDenied((denial) => {
      if (denial.subject === subject || denial.subject === inbox) reject(denial.error);
    });
    nc.publish(subject, JSON.stringify(params), { reply: inbox });
    try {
      await done;
    } finally {
      clearTimeout(timer);
      forget();
      subscription.unsubscribe();
    }
    return answers;
  });
}
