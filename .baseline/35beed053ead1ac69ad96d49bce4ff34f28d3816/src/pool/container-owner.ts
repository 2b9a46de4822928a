/** What a container reports to the pool that it belongs to. */
import type { ProgressMessage } from "../wire/container-protocol.ts";
import type { Frame } from "../wire/frames.ts";
import type { Call, Input } from "./call.ts";
import type { Death } from "./death.ts";

/** The pool that a container belongs to, as it sees it. */
export interface ContainerOwner<C> {
  containerReady(): void;
  /** It takes nothing more, and others have to. */
  containerDrains(): void;
  containerGone(container: C, death: Death): void;
  /** A frame that ends `input` has come; it is no longer in the container, where it ran for `elapsedMs`. */
  inputEnded(input: Input, frame: Frame, elapsedMs: number): void;
  inputYielded(input: Input, payload: Uint8Array): void;
  inputProgressed(input: Input, progress: ProgressMessage): void;
  inputReturned(input: Input): void;
  inputTimedOut(input: Input): void;
  /** A generator whose reader does not ask for more. */
  inputAbandoned(input: Input): void;
  print(container: C, output: Print): void;
  /** The process sent what only a bug can explain. */
  problem(what: string, error: unknown): void;
}

export interface Print {
  stream: "stdout" | "stderr" | "system";
  text: string;
  call?: Call | undefined;
  index?: number | undefined;
}
