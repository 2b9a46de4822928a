/**
 * The time limits of the inputs in one container: which has run for too long, which was told to stop and has not, and which
 * generator waits for a reader that does not come. Time is working time (clock.ts), and a limit is judged only after what
 * has come from the container is read. Others that run beside an input that does not stop may go on, as long as the process answers that it is not stuck.
 */
import { MAX_TIMER_MS } from "../runtime/index.ts";
import type { Input } from "./call.ts";
import { holdWorkingTime, releaseWorkingTime, workingTime } from "./clock.ts";

/** For a process to say that it is not stuck with an input that does not stop. */
const ANSWER_MS = 1_000;
/** For the reader of a generator to ask for more. */
export const READER_MS: number = Number(process.env["FARCALL_READER_MS"]) || 3_600_000;

/** The container, as its deadlines see it. */
export interface TimedContainer extends Iterable<Input> {
  /** The input has run for its timeout: tells it to stop, which decides it. */
  timedOut(input: Input): void;
  /** The reader of the generator has not asked for more in READER_MS: tells it to stop, which decides it. */
  abandoned(input: Input): void;
  /** Asks the process to answer, see `Deadlines.answered`. */
  ping(): void;
  /** The input was told to stop, did not, and takes the process with it. */
  didNotStop(input: Input): void;
}

export class Deadlines {
  readonly #container: TimedContainer;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  #judging = false;
  /** By when the process has to answer that it is not stuck; Infinity while it is not asked. */
  #answerBy = Number.POSITIVE_INFINITY;
  /** When it last did, and when an input was last told to stop; both by workingTime(). */
  #answeredAt = 0;
  #toldAt = 0;
  /** Something does not stop, and others may finish: until nothing is left but what does not stop. */
  #lingers = false;

  constructor(container: TimedContainer) {
    this.#container = container;
  }

  /** An input has begun. */
  began(input: Input): void {
    const { timeoutMs } = input.call.fn.schema.options;
    input.limit(workingTime() + timeoutMs);
    this.#set(input.dueAt);
  }

  /** A generator has yielded all that its reader has asked for: its time stands still. */
  waitsForReader(input: Input): void {
    if (input.readerSince !== undefined) return;
    input.waitForReader(workingTime());
    this.#set(input.readerSince! + READER_MS);
  }

  /** The reader asks for more. */
  readerCame(input: Input): void {
    if (input.readerSince === undefined) return;
    input.readerCame(workingTime());
    this.#set(input.dueAt);
  }

  /** An input was told to stop. Returns when it has to have stopped. */
  toldToStop(graceMs: number): number {
    this.#toldAt = workingTime();
    const killAt = this.#toldAt + graceMs;
    this.#set(killAt);
    return killAt;
  }

  /** An input has left. */
  left(): void {
    if (this.#lingers) this.#set(workingTime());
  }

  /** The process has answered. Returns whether that changes anything: it is to take no more inputs. */
  answered(): boolean {
    if (this.#answerBy === Number.POSITIVE_INFINITY) return false;
    this.#answerBy = Number.POSITIVE_INFINITY;
    this.#answeredAt = workingTime();
    this.#set(this.#answeredAt);
    if (!this.#overstays(this.#answeredAt)) return false;
    this.#lingers = true;
    return true;
  }

  close(): void {
    this.#clear();
  }

  /** One timer for all: it is not moved when the input that it was set for ends, but looks again when it fires. */
  #set(at: number): void {
    if (at >= this.#alarmAt) return;
    this.#clear();
    this.#alarmAt = at;
    holdWorkingTime();
    this.#alarm = setTimeout(this.#onAlarm, Math.min(Math.max(1, Math.ceil(at - workingTime())), MAX_TIMER_MS));
  }

  #clear(): void {
    if (this.#alarm) {
      clearTimeout(this.#alarm);
      releaseWorkingTime();
    }
    this.#alarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
  }

  readonly #onAlarm = (): void => {
    const early = this.#alarmAt - workingTime();
    // There was a pause, or the timer was as long as timers can be.
    if (early > 0) {
      this.#alarm = setTimeout(this.#onAlarm, Math.min(Math.ceil(early), MAX_TIMER_MS));
      return;
    }
    this.#clear();
    if (this.#judging) return;
    this.#judging = true;
    // What has come is read before.
    setImmediate(this.#judge);
  };

  readonly #judge = (): void => {
    this.#judging = false;
    const now = workingTime();
    let next = Number.POSITIVE_INFINITY;
    const isKnownToAnswer = this.#answeredAt > this.#toldAt;
    for (const input of this.#container) {
      if (!input.decided && input.startedAt > 0) {
        if (input.readerSince === undefined) {
          if (input.dueAt <= now) {
            // One that keeps the process busy may have kept this one from running.
            if (isKnownToAnswer || !this.#isStopping()) this.#container.timedOut(input);
            else {
              next = Math.min(next, this.#ask(now));
              continue;
            }
          }
        } else if (input.readerSince + READER_MS <= now) this.#container.abandoned(input);
      }
      if (input.decided && input.killAt <= now) {
        if (!this.#hasOthers(now) || this.#answerBy <= now) {
          this.#container.didNotStop(input);
          return;
        }
        if (!this.#lingers) next = Math.min(next, this.#ask(now));
      } else if (input.decided) next = Math.min(next, input.killAt);
      else if (input.readerSince !== undefined) next = Math.min(next, input.readerSince + READER_MS);
      else if (input.startedAt > 0) next = Math.min(next, input.dueAt);
    }
    if (next < Number.POSITIVE_INFINITY) this.#set(next);
  };

  /** Whether an input was told to stop and is still there. */
  #isStopping(): boolean {
    for (const { decided } of this.#container) if (decided) return true;
    return false;
  }

  /** Whether one of them should have stopped by now. */
  #overstays(now: number): boolean {
    for (const { decided, killAt } of this.#container) if (decided && killAt <= now) return true;
    return false;
  }

  /** Whether it runs others than those that should have stopped by now. */
  #hasOthers(now: number): boolean {
    for (const { startedAt, decided, killAt } of this.#container) {
      if (startedAt > 0 && (!decided || killAt > now)) return true;
    }
    return false;
  }

  /** Returns when it has to have answered. */
  #ask(now: number): number {
    if (this.#answerBy === Number.POSITIVE_INFINITY) {
      this.#answerBy = now + ANSWER_MS;
      this.#container.ping();
    }
    return this.#answerBy;
  }
}
