/**
 * What the engine promises, as a program of a page: the calls that were made and what may come of each input. Where the real
 * engine is free (was an input quicker than the cancel?) the model allows both until somebody has looked; what was seen once
 * must be seen ever after.
 */

export type Kind = "double" | "fail" | "wait";

export interface InputModel {
  n: number;
  /** What somebody has seen of it. */
  seen?: string;
}

export interface CallModel {
  id: string;
  kind: Kind;
  /** The one that was newest when the call was made: it runs on that one, whenever it runs. */
  version: number;
  inputs: InputModel[];
  /** Of `wait`: the file whose appearance lets its inputs end. */
  gate: string;
  open: boolean;
  /** A cancel was asked for while something of it may not have ended; whether it was then certain that nothing had. */
  cancelled: "no" | "perhaps" | "surely";
}

export class Model {
  version = 1;
  /** What the newest version's code differs by. */
  variant = 0;
  min = 0;
  max = 2;
  readonly calls: CallModel[] = [];
  /** By function and idempotency key. */
  readonly keys = new Map<string, CallModel>();
  /** The arguments that each key came with. */
  readonly keyed = new Map<string, string>();

  call(pick: number): CallModel {
    return this.calls[pick % this.calls.length]!;
  }

  /** What a look at an input may show now. */
  allowed(call: CallModel, index: number): string[] {
    const input = call.inputs[index]!;
    if (input.seen !== undefined) return [input.seen];
    if (call.cancelled === "surely") return ["cancelled"];
    const natural = call.open ? [naturalOutcome(call, input)] : [];
    return call.cancelled === "perhaps" ? [...natural, "cancelled"] : natural;
  }

  /** Somebody waits for it and will not wait for ever. */
  settles(call: CallModel, index: number): boolean {
    return this.allowed(call, index).length > 0;
  }

  see(call: CallModel, index: number, outcome: string): void {
    const allowed = this.allowed(call, index);
    if (!allowed.includes(outcome)) {
      throw new Error(
        `input ${index} of ${call.id} (${call.kind} ${call.inputs[index]!.n}) gave "${outcome}", and may only give ${allowed.map((each) => `"${each}"`).join(" or ") || "nothing yet"}`,
      );
    }
    call.inputs[index]!.seen = outcome;
  }

  cancel(call: CallModel): void {
    if (call.inputs.every(({ seen }) => seen !== undefined)) return;
    if (call.cancelled !== "no") return;
    call.cancelled = call.open ? "perhaps" : "surely";
  }
}

export function naturalOutcome({ kind, version }: CallModel, { n }: InputModel): string {
  if (kind === "fail") return `RangeError: no ${n}`;
  return `${kind === "double" ? n * 2 : n} of version ${version}`;
}
