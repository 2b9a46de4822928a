/**
 * The package's public types as a consumer's compiler sees them: from dist, with the declarations checked too, without Node's
 * types, under each supported TypeScript. `.ci/run` compiles it; nothing runs.
 */
import {
  App,
  Client,
  callOptions,
  configure,
  defineConfig,
  type Function,
  type FunctionCall,
  type FunctionOptions,
  type GeneratorFunction,
  kwargs,
  NotFoundError,
  repeat,
  stubs,
  UserCodeException,
  withClient,
} from "farcall";

const options: FunctionOptions = { retries: 2, timeoutMs: 1000, maxContainers: 2 };
const app = new App("types");
export const add = app.function(async (a: number, b?: number): Promise<number> => a + (b ?? 0), {
  ...options,
  name: "add",
});
export const count = app.function(function* count(to: number) {
  for (let i = 0; i < to; i++) yield i;
});
export const config = defineConfig({ apps: ["types"], output: "generated" });

// As codegen writes them.
const make = stubs({ app: "types", environment: "main" });
const shout: Function<[text: string, times?: number | undefined], string> = make.function("shout", "s");
const numbers: GeneratorFunction<[to: number], number> = make.generator("numbers", "n");

export async function use(): Promise<void> {
  configure({ engine: "local:" });
  const one: string = await shout.remote("a", callOptions({ timeoutMs: 10 }));
  for await (const text of shout.map(["a", "b"], repeat(2))) text.toUpperCase();
  for await (const item of shout.map(["a"], { returnExceptions: true })) {
    if (item instanceof UserCodeException) item.cause;
    else item.toUpperCase();
  }
  for await (const n of numbers.remoteGen(3)) n.toFixed();
  const call: FunctionCall<string> = await shout.spawn(one);
  await call.get({ timeoutMs: 0 });
  const bound = withClient(new Client({ engine: "local:" }), { shout });
  await bound.shout.remote("b").catch((error: unknown) => error instanceof NotFoundError && error.hint);
  // @ts-expect-error: a number is not a string
  await shout.remote(1);
  // @ts-expect-error: it has no arguments by name
  await shout.remote("a", kwargs({ times: 2 }));
  // @ts-expect-error: a generator has no remote
  await numbers.remote(3);
}
