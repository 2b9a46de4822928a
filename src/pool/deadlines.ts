/**
 * The time limits of the inputs in one container: which has run for too long, and which was told to stop and has not.
 * Others that run beside one that does not stop may go on, as long as the process answers that it is not stuck.
 */
import type { Input } from "./call.ts";
import { MAX_TIMER_MS } from "./clock.ts";

/** For a process to say that it is not stuck with an input that does not stop. */
const ANSWER_MS = 1_000;

/** The container, as its deadlines see it. */
export interface TimedContainer extends Iterable<Input> {
  /** The input has run for its timeout: tells it to stop, which decides it. */
  timedOut(input: Input): void;
  /** Asks the process to answer, see `Deadlines.answered`. */
  ping(): void;
  /** The input was told to stop, did not, and takes the process with it. */
  didNotStop(input: Input): void;
}

export class Deadlines {
  readonly #container: TimedContainer;
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  /** By when the process has to answer that it is not stuck, by performance.now(); Infinity while it is not asked. */
  #answerBy = Number.POSITIVE_INFINITY;
  /** Something does not stop, and others may finish: until nothing is left but what does not stop. */
  #lingers = false;

  constructor(container: TimedContainer) {
    this.#container = container;
  }

  /** An input has begun. */
  began(input: Input): void {
    this.#set(input.startedAt + timeoutOf(input));
  }

  /** An input was told to stop. */
  toldToStop({ killAt }: Input): void {
    this.#set(killAt);
  }

  /** An input has left. */
  left(now: number): void {
    if (this.#lingers) this.#set(now);
  }

  /** The process has answered. Returns whether that changes anything: it is to take no more inputs. */
  answered(): boolean {
    if (this.#answerBy === Number.POSITIVE_INFINITY) return false;
    this.#answerBy = Number.POSITIVE_INFINITY;
    this.#lingers = true;
    return true;
  }

  close(): void {
    clearTimeout(this.#alarm);
  }

  /** One timer for all: it is not moved when the input that it was set for ends, but looks again when it fires. */
  #set(at: number): void {
    if (at >= this.#alarmAt) return;
    this.#alarmAt = at;
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(this.#onAlarm, Math.min(Math.max(1, Math.ceil(at - performance.now())), MAX_TIMER_MS));
  }

  readonly #onAlarm = (): void => {
    const now = performance.now();
    this.#alarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const input of this.#container) {
      if (!input.decided && input.startedAt > 0 && input.startedAt + timeoutOf(input) <= now) {
        this.#container.timedOut(input);
      }
      if (input.decided && input.killAt <= now) {
        if (!this.#hasOthers(now) || this.#answerBy <= now) {
          this.#container.didNotStop(input);
          return;
        }
        if (!this.#lingers) next = Math.min(next, this.#ask(now));
      } else if (input.decided) next = Math.min(next, input.killAt);
      else if (input.startedAt > 0) next = Math.min(next, input.startedAt + timeoutOf(input));
    }
    if (next < Number.POSITIVE_INFINITY) this.#set(next);
  };

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

function timeoutOf(input: Input): number {
  return input.call.fn.schema.options.timeoutMs;
}
