/**
 * Inputs that wait by their keys. Keys take turns as far as their quota lets them, so an input of a key that may not begin holds up
 * none of another. Of one key, those come first that have had their turn already, and those whose callers wait before those that
 * are kept on disk, which get one turn in eight meanwhile.
 */
import type { Call, Input } from "./call.ts";
import { Queue } from "./queue.ts";

/** Turns of waiting callers between two of calls on disk. */
const INTERACTIVE_TURNS = 7;

interface KeyRoom {
  /** How many more inputs of the key may begin. */
  room(key: string): number;
}

class KeyLane {
  readonly key: string;
  readonly #again = new Queue<Input>();
  readonly #interactive = new Queue<Input>();
  readonly #patient = new Queue<Input>();
  #inARow = 0;
  /** Inputs in it whose calls are not over. */
  #waiting = 0;
  /** Of those, the ones that may begin now. */
  #startable = 0;
  #inRound = false;

  constructor(key: string) {
    this.key = key;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get startable(): number {
    return this.#startable;
  }

  get inRound(): boolean {
    return this.#inRound;
  }

  enterRound(): void {
    this.#inRound = true;
  }

  leaveRound(): void {
    this.#inRound = false;
  }

  /** Returns by how much `startable` has changed. */
  update(room: number): number {
    const before = this.#startable;
    this.#startable = Math.max(0, Math.min(this.#waiting, room));
    return this.#startable - before;
  }

  add(input: Input, again: boolean): void {
    this.#waiting++;
    if (again) this.#again.push(input);
    else if (input.call.patientSince === undefined) this.#interactive.push(input);
    else this.#patient.push(input);
  }

  shift(): Input | undefined {
    const input = alive(this.#again) ?? this.#inTurn();
    if (input) this.#waiting--;
    return input;
  }

  /** One that is in it is not wanted any more: its call is over. */
  lost(): void {
    this.#waiting--;
  }

  #inTurn(): Input | undefined {
    if (this.#inARow < INTERACTIVE_TURNS || this.#patient.length === 0) {
      const input = alive(this.#interactive);
      if (input) {
        this.#inARow = this.#patient.length > 0 ? this.#inARow + 1 : 0;
        return input;
      }
    }
    this.#inARow = 0;
    return alive(this.#patient) ?? alive(this.#interactive);
  }
}

/** The first whose call is not over. */
function alive(queue: Queue<Input>): Input | undefined {
  for (let input = queue.shift(); input; input = queue.shift()) if (!input.call.over) return input;
  return undefined;
}

export class KeyLanes {
  readonly #quota: KeyRoom;
  readonly #lanes = new Map<string, KeyLane>();
  /** Those of which something may begin, and perhaps others. */
  readonly #round = new Queue<KeyLane>();
  /** By their calls. */
  readonly #inputs = new Map<Call, Set<Input>>();
  #waiting = 0;
  #startable = 0;
  /** Of those that wait, inputs of calls that are kept on disk, and their bytes. */
  #patient = 0;
  #patientBytes = 0;

  constructor(quota: KeyRoom) {
    this.#quota = quota;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Inputs that could begin now, if there were containers for all of them. */
  get startable(): number {
    return this.#startable;
  }

  /** Inputs of calls that are kept on disk. */
  get patient(): number {
    return this.#patient;
  }

  get patientBytes(): number {
    return this.#patientBytes;
  }

  waitingOf(call: Call): number {
    return this.#inputs.get(call)?.size ?? 0;
  }

  /** @param again it has had its turn */
  add(input: Input, again: boolean): void {
    const { key, call } = input;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new KeyLane(key);
      this.#lanes.set(key, lane);
    }
    const ofCall = this.#inputs.get(call);
    if (ofCall) ofCall.add(input);
    else this.#inputs.set(call, new Set([input]));
    lane.add(input, again);
    this.#count(input, 1);
    this.#update(lane);
  }

  /** The next that may begin. It waits no longer. */
  next(): Input | undefined {
    for (let lane = this.#round.shift(); lane; lane = this.#round.shift()) {
      lane.leaveRound();
      if (lane.startable === 0) continue;
      const input = lane.shift();
      if (!input) continue;
      this.#forget(input);
      this.#update(lane);
      return input;
    }
    return undefined;
  }

  /** The quota of the key has changed. */
  changed(key: string): void {
    const lane = this.#lanes.get(key);
    if (lane) this.#update(lane);
  }

  /** The call is over: nothing of it waits any more. */
  dropped(call: Call): void {
    for (const input of this.#inputs.get(call) ?? []) {
      this.#count(input, -1);
      const lane = this.#lanes.get(input.key)!;
      lane.lost();
      this.#update(lane);
    }
    this.#inputs.delete(call);
  }

  /** Takes out all of the calls that `which` chooses. */
  take(which: (call: Call) => boolean): Input[] {
    const taken: Input[] = [];
    for (const lane of [...this.#lanes.values()]) {
      const left: Input[] = [];
      for (let input = lane.shift(); input; input = lane.shift()) {
        this.#forget(input);
        if (which(input.call)) taken.push(input);
        else left.push(input);
      }
      this.#update(lane);
      for (const input of left) this.add(input, false);
    }
    return taken;
  }

  calls(): Iterable<Call> {
    return this.#inputs.keys();
  }

  /** Those of which inputs wait. */
  keys(): Iterable<string> {
    return this.#lanes.keys();
  }

  #forget(input: Input): void {
    const { call } = input;
    const ofCall = this.#inputs.get(call)!;
    ofCall.delete(input);
    if (ofCall.size === 0) this.#inputs.delete(call);
    this.#count(input, -1);
  }

  #count({ call, payload }: Input, by: 1 | -1): void {
    this.#waiting += by;
    if (call.patientSince === undefined) return;
    this.#patient += by;
    this.#patientBytes += by * payload.length;
  }

  #update(lane: KeyLane): void {
    this.#startable += lane.update(this.#quota.room(lane.key));
    if (lane.startable > 0 && !lane.inRound) {
      lane.enterRound();
      this.#round.push(lane);
    }
    if (lane.waiting === 0) this.#lanes.delete(lane.key);
  }
}
