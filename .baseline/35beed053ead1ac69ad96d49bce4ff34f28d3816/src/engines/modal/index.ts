/** The `modal` engine: apps that were deployed with `modal deploy`, called by Modal's own protocol. */
import type { Engine } from "../../engine/index.ts";
import { InvalidError } from "../../runtime/errors.ts";
import { ModalEngine } from "./engine.ts";

/** No I/O before the first use. Throws InvalidError for another URL than `modal:`. */
export function modalEngine(url: string): Engine {
  if (/^modal:(\/\/)?$/i.test(url)) return new ModalEngine("modal:");
  throw new InvalidError(`"${url}" is not the URL of a Modal engine`, {
    hint: 'Write "modal:"; the profile, MODAL_ENVIRONMENT and MODAL_TOKEN_ID say the rest.',
  });
}
