/** Which plane a function's calls go by: its metadata names the input plane where it has one. */
import type { Callee } from "./callee.ts";
import { InputPlane } from "./input-plane.ts";
import { ControlPlane, type Plane, type PlaneOptions } from "./plane.ts";

export function planeOf({ inputPlane }: Callee, options: PlaneOptions): Plane {
  return inputPlane ? new InputPlane(options, inputPlane) : new ControlPlane(options);
}
