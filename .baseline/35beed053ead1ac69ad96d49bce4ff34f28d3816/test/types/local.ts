/** `withLocal`: definitions are checked against the stubs. */
import { App, type LocalStubs, withLocal } from "../../src/index.ts";
import { first, parse } from "./generic.ts";
import * as stubs from "./stubs.ts";

export const local: LocalStubs = withLocal(stubs, {
  add: (a, b) => a + b,
  resize: async (image, options) => image.subarray(options?.width ?? 0),
  async *frames(video, every = 1) {
    yield video.subarray(every);
  },
  sum: (...values) => values.length,
});

const app: App = new App("local");
const module = {
  app,
  add: app.function(async function add(a: number, b: number) {
    return a + b;
  }),
  sum: app.function(
    function sum(firsts: readonly number[]) {
      return firsts;
    },
    { batch: { maxSize: 2, waitMs: 1 } },
  ),
  resize: app.function((image: Uint8Array) => image, { name: "resize" }),
};
withLocal({ add: stubs.add, resize: stubs.resize }, module);
withLocal({ first, parse }, { first: (items) => items[0]! });

// @ts-expect-error a result of the wrong type
withLocal(stubs, { add: (a, b) => String(a + b) });
// @ts-expect-error a parameter of the wrong type
withLocal(stubs, { add: (a: string, b: number) => b + a.length });
// @ts-expect-error more parameters than callers give
withLocal(stubs, { add: (a: number, b: number, c: number) => a + b + c });
// @ts-expect-error no such stub
withLocal(stubs, { ad: (a: number) => a });
// @ts-expect-error not a generator
withLocal(stubs, { frames: () => new Uint8Array() });
// @ts-expect-error the app's function has another type
withLocal({ add: stubs.add }, { add: app.function((a: string) => a, { name: "a" }) });
