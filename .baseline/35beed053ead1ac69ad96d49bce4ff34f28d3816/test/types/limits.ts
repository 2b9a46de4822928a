/** Limits: a key has the function's parameters, and consists of comparable values. */
import { type AnyCallable, App, type FunctionOptions } from "../../src/index.ts";

interface Order {
  id: number;
  customer?: string;
  items: string[];
}

const app: App = new App("limits");
const pack = async (order: Order, urgent = false): Promise<string> => `${order.id} ${urgent}`;

app.function(pack, { name: "a", concurrency: { maxInputs: 2, key: (order) => order.customer, perKey: 1 } });
app.function(pack, { name: "b", concurrency: { key: (order, urgent) => [order.id, urgent], perKey: 1 } });
app.function(pack, { name: "c", limit: { count: 5, perMs: 1_000, key: ({ id }) => id } });
app.function(pack, { name: "d", limit: { count: 5, perMs: 1_000 }, concurrency: { maxInputs: 4 } });
app.function(
  function* each(tenant: string) {
    yield tenant;
  },
  { concurrency: { key: (tenant) => tenant, perKey: 1 } },
);
const general: FunctionOptions = { retries: 2, limit: { count: 1, perMs: 5 } };
app.function(pack, { name: "e", ...general });
const kept: FunctionOptions = { limit: { count: 1, perMs: 5 } };
app.function(pack, kept);
app.web(() => new Response(), { name: "f", limit: { count: 5, perMs: 1_000 } });

// @ts-expect-error no such property
app.function(pack, { name: "g", limit: { count: 1, perMs: 1, key: (order) => order.custommer } });
// @ts-expect-error an object has no one key
app.function(pack, { name: "h", limit: { count: 1, perMs: 1, key: (order) => order } });
// @ts-expect-error nor has a list of objects
app.function(pack, { name: "i", limit: { count: 1, perMs: 1, key: (order) => [order] } });
// @ts-expect-error a promise
app.function(pack, { name: "j", limit: { count: 1, perMs: 1, key: async (order) => order.id } });
// @ts-expect-error the function has no third parameter
app.function(pack, { name: "k", limit: { count: 1, perMs: 1, key: (_order, _urgent, third) => third } });
// @ts-expect-error not the function's parameters
app.function(pack, { name: "l", limit: { count: 1, perMs: 1, key: (order: { name: string }) => order.name } });
// @ts-expect-error perKey is missing
app.function(pack, { name: "m", concurrency: { maxInputs: 1, key: (order) => order.id } });
// @ts-expect-error key is missing
app.function(pack, { name: "n", concurrency: { maxInputs: 1, perKey: 2 } });
// @ts-expect-error perMs is missing
app.function(pack, { name: "o", limit: { count: 1 } });
// @ts-expect-error a class has instances instead
app.class(class Model {}, { limit: { count: 1, perMs: 1 } });
// @ts-expect-error functions of an app have parameters of their own
export const other: App = new App("other", { concurrency: { maxInputs: 1, key: (id: string) => id, perKey: 1 } });

// A helper that registers any function takes options without knowing its parameters.
export function define<F extends AnyCallable>(fn: F, options?: FunctionOptions): unknown {
  return app.function(fn, { retries: 3, ...options });
}
