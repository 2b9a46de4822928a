/** From the fields that the server has made of a type to those of the form: one for each kind of type. */
import type { Field, Tagged } from "../api.ts";
import { list, pairs } from "./many.ts";
import { object, tuple, union } from "./parts.ts";
import { scalar } from "./scalar.ts";
import type { Places, Widget } from "./widget.ts";

/** Types can be without end; deeper down they are JSON. */
const DEEPEST = 8;

/** @param name for screen readers @param initial what it holds to begin with, as far as its kind can hold that */
export function widget(index: number, places: Places, name: string, initial?: Tagged, depth = 0): Widget {
  const field = places.fields[index] as Field;
  if (depth > DEEPEST && field.kind !== "json")
    return scalar({ type: field.type, kind: "json", schema: { kind: "primitive", name: "unknown" } }, name, initial);
  const inner = (child: number, label: string, value?: Tagged) => widget(child, places, label, value, depth + 1);
  switch (field.kind) {
    case "array":
    case "set":
      return list(field, places, name, (label, value) => inner(field.item, label, value), initial);
    case "map":
      return pairs(
        places,
        name,
        (label) => inner(field.key, label),
        (label) => inner(field.value, label),
        (entries) => ({ $: "map", v: entries }),
      );
    case "tuple":
      return tuple(field, places, name, inner, initial);
    case "object":
      return object(field, places, name, inner, initial);
    case "union":
      return union(field, places, name, inner, initial);
    default:
      return scalar(field, name, initial);
  }
}
