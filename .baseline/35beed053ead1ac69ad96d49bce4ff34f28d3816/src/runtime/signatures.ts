/** The parameter lists of remote methods, computed from a function's own. */
import type { CallOptions } from "./markers.ts";
import type { CallForms, MapForms, StarmapForms } from "./named-forms.ts";
import type { AmongRest, AnyIterable, IterableArguments, OrTrailing } from "./positional-forms.ts";

/** Any function that an author may register. */
export interface AnyCallable {
  (...args: never): unknown;
  // With a second signature, a function that is written as the argument is not checked against the first one's parameters: its
  // own defaults give their types, and a generic function stays generic. The parameter is `F & AnyCallable`, or a constant result
  // (`() => 1`) would not be widened to a number.
  <_>(...args: never): unknown;
}

/** The function's arguments have no names to callers: TypeScript functions. */
export interface NoKeywords {
  readonly "no keywords": true;
}

/**
 * Parameters of `remote`, `remoteGen` and `spawn`.
 * @typeParam G whether the function is generic or overloaded, so that what is given by name decides about the call's types too
 */
export type Arguments<P extends readonly unknown[], K, G extends boolean = false> = K extends NoKeywords
  ? number extends P["length"]
    ? AmongRest<OrTrailing<P, CallOptions>, CallOptions>
    : [...OrTrailing<P, CallOptions>, callOptions?: CallOptions]
  : CallForms<P, K, G>;

/** Parameters of `map`, `forEach` and `spawnMap`. */
export type MapInputs<P extends readonly unknown[], O, K> = K extends NoKeywords
  ? number extends P["length"]
    ? AmongRest<IterableArguments<P, O>, O>
    : [...IterableArguments<P, O>, mapOptions?: O]
  : MapForms<P, K, O>;

/** Parameters of `starmap`. */
export type StarmapInputs<P extends readonly unknown[], O, K> = K extends NoKeywords
  ? [inputs: AnyIterable<Readonly<P>>, mapOptions?: O]
  : StarmapForms<P, K, O>;
