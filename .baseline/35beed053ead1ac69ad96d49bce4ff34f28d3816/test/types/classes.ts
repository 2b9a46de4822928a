/** Classes: the types of `app.class` and `Class.fromName`. */
import { App, Class, type Function, type FunctionCall, type GeneratorFunction } from "../../src/index.ts";
import { type Equal, expectType } from "./expect.ts";

const app: App = new App("classes");

const Model = app.class(
  class Model {
    weights: number[] = [];
    readonly #size: string;
    constructor(size: "s" | "l", threads = 1) {
      this.#size = size + threads;
    }
    async enter(): Promise<void> {}
    exit(): void {}
    async predict(text: string, count?: number): Promise<number[]> {
      return [text.length, count ?? 0];
    }
    name(): string {
      return this.#size;
    }
    async *stream(count: number): AsyncGenerator<Date> {
      while (count-- > 0) yield new Date();
    }
    private own(): void {}
    protected shared(): void {
      this.own();
    }
  },
  { maxContainers: 2, methods: { predict: { timeoutMs: 5, retries: 1 }, stream: {} } },
);

const model = new Model("l", 2);
new Model("s");
// @ts-expect-error: there is no such size
new Model("xl");
// @ts-expect-error: the size is needed
new Model();
export const predict: Function<[text: string, count?: number], number[]> = model.predict;
expectType<Equal<typeof model.name, Function<[], string>>>(true);
expectType<Equal<typeof model.stream, GeneratorFunction<[count: number], Date>>>(true);
expectType<Equal<keyof typeof model, "predict" | "name" | "stream">>(true);

export async function use(): Promise<void> {
  const result: number[] = await model.predict.remote("a", 1);
  // @ts-expect-error: the string is not a number
  await model.predict.remote(1);
  for await (const many of model.predict.map(["a", "b"])) many satisfies number[];
  for await (const date of model.stream.remoteGen(2)) date satisfies Date;
  const call: FunctionCall<string> = await model.name.spawn();
  // @ts-expect-error: fields stay where the instance is
  void model.weights;
  // @ts-expect-error: farcall calls it
  void model.enter;
  // @ts-expect-error: it is private
  void model.own;
  void [result, call];
}

app.class(
  class One {
    run(): void {}
  },
  {
    // @ts-expect-error: it has no such method
    methods: { walk: {} },
  },
);
app.class(
  class Two {
    run(): void {}
  },
  {
    // @ts-expect-error: the methods of a class share containers
    methods: { run: { maxContainers: 2 } },
  },
);
app.class(
  class Three {
    run(): void {}
  },
  // @ts-expect-error: methods are not batched
  { batch: { maxSize: 1, waitMs: 1 } },
);

const Named = Class.fromName<new (size: string) => { predict: Function<[text: string], number> }>("ml", "Model");
expectType<Equal<ReturnType<InstanceType<typeof Named>["predict"]["remote"]>, Promise<number>>>(true);
// @ts-expect-error: nothing is known of this app, so the constructor's type has to be given
Class.fromName("ml", "Model");
