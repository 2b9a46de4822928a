/** What a container says as JSON. Its process is not trusted: what cannot be parsed throws SyntaxError, which kills it. */
import type { Failure } from "../engine/index.ts";
import type { Frame } from "../wire/frames.ts";

/** The frame's payload was written by the container's own code. */
export function messageIn<T>(frame: Frame): T {
  return JSON.parse(frame.payload.toString()) as T;
}

/** What a frame of type `failure` says. */
export function failureIn(frame: Frame): Failure {
  return messageIn<Failure>(frame);
}
