/** Checks of what is iterated: iterables, maps and sets. */
import type { TypeSchema } from "../index.ts";
import { collection, keyText, type ValueCheck } from "./check.ts";
import { isIterable } from "./predicates.ts";

export function iterableCheck(type: TypeSchema, item: ValueCheck): ValueCheck {
  return collection((value) => {
    if (!isIterable(value)) return { path: "", expected: type, received: value };
    let index = 0;
    // Decoded values that can be iterated again: arrays, sets, maps, strings and bytes.
    for (const one of value) {
      if (!item.is(one)) return item.explain(one, `[${index}]`);
      index++;
    }
    return undefined;
  });
}

export function mapCheck(type: TypeSchema, key: ValueCheck, member: ValueCheck): ValueCheck {
  return collection((value) => {
    if (!(value instanceof Map)) return { path: "", expected: type, received: value };
    for (const [k, v] of value) {
      if (!key.is(k)) return key.explain(k, ".keys()");
      if (!member.is(v)) return member.explain(v, `.get(${keyText(k)})`);
    }
    return undefined;
  });
}

export function setCheck(type: TypeSchema, item: ValueCheck): ValueCheck {
  return collection((value) => {
    if (!(value instanceof Set)) return { path: "", expected: type, received: value };
    for (const one of value) if (!item.is(one)) return item.explain(one, ".values()");
    return undefined;
  });
}
