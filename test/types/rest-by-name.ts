/** Arguments by name beside a rest parameter: what stands before it may be given by name where the rest is empty, as in Python. */
import { callOptions, type Function, type Keywords, kwargs } from "../../src/index.ts";
import { collect, total } from "./stubs.ts";

const limits = callOptions({ timeoutMs: 5 });

/** def plot(x: float, y: float = 0, *rest: float, colour: str, width: float = 1) */
declare const plot: Function<
  [x: number, y?: number, ...rest: number[]],
  string,
  Keywords<["x", "y"], { colour: string; width?: number }>
>;
plot.remote(1, kwargs({ colour: "red" }));
plot.remote(1, 2, kwargs({ colour: "red" }), limits);
plot.remote(1, 2, 3, 4, kwargs({ colour: "red", width: 2 }));
plot.remote(1, kwargs({ y: 2, colour: "red" }), limits);
plot.remote(kwargs({ x: 1, colour: "red" }));
plot.spawn(1, kwargs({ colour: "red" }));
// @ts-expect-error the colour is missing
plot.remote(1);
// @ts-expect-error the colour is missing
plot.remote(1, 2, 3);
// @ts-expect-error the colour is missing
plot.remote(1, kwargs({ y: 2 }));
// @ts-expect-error x is missing
plot.remote(kwargs({ colour: "red" }));
// @ts-expect-error y is given already
plot.remote(1, 2, kwargs({ y: 2, colour: "red" }));
// @ts-expect-error what is left of a rest has no name
plot.remote(1, kwargs({ rest: 2, colour: "red" }));
// @ts-expect-error a wrong type
plot.remote(1, "2", kwargs({ colour: "red" }));
// @ts-expect-error a wrong type in the rest
plot.remote(1, 2, "3", kwargs({ colour: "red" }));

/** def loose(a, b=1, *rest, d, **more) */
declare const loose: Function<
  [a: unknown, b?: unknown, ...rest: unknown[]],
  unknown,
  Keywords<["a", "b"], { [name: string]: unknown; d: unknown }>
>;
loose.remote(1, kwargs({ d: 1 }));
loose.remote(1, 2, kwargs({ d: 1, z: 2 }));
loose.remote(1, 2, 3, kwargs({ d: 1, z: 2 }), limits);
loose.remote(kwargs({ a: 1, d: 1 }));
// @ts-expect-error d is missing
loose.remote(1, 2, 3);

/** def wrapped(*args, **kwargs), as of a function behind a decorator */
declare const wrapped: Function<[...args: unknown[]], unknown, Keywords<[], { [name: string]: unknown }>>;
wrapped.remote();
wrapped.remote(1, "a");
wrapped.remote(1, "a", kwargs({ anything: 1 }));
wrapped.remote(kwargs({ anything: 1 }), limits);

collect.remote(kwargs({ first: "a" }));
total.remote(kwargs({ label: "a", scale: 2 }));
