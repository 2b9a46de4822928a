/** What a call sees of a client: somewhere to send frames, which may be full for a while, and which may go away. */

/** Stands still because its client reads too slowly. */
export interface Parked {
  resume(): void;
}

export interface Peer {
  /** The client is gone. */
  readonly closed: boolean;
  /** Enough is on its way that nothing more should be read from disk for this client. */
  readonly full: boolean;
  /** So much is on its way that whatever is not essential is left out. */
  readonly overloaded: boolean;
  write(type: number, call: number, index: number, payload?: Uint8Array, flags?: number): void;
  json(type: number, call: number, value: unknown, index?: number): void;
  /** True when so much is on its way that nothing more should run for this client; `parked` is resumed once there is room. */
  park(parked: Parked): boolean;
  /** The call that the client knows by this number has ended. */
  callEnded(call: number): void;
}
