/** Calls of functions on Modal, as a caller makes them. */
import { expect, test } from "vitest";
import { kwargs } from "../../../src/runtime/index.ts";
import { cls, fn, generator, method, PythonError } from "./fake/index.ts";
import { setup } from "./setup.ts";

const add = fn(({ args, kwargs: named }) => Number(args[0]) + Number(args[1] ?? named["b"]), {
  parameters: { a: "int", b: { type: "int", default: 5 } },
  returns: "int",
});

test("remote() passes arguments by position and by name, and gives the result", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  expect(await modal.function("add").remote(2, 3)).toBe(5);
  expect(await modal.function("add").remote(2, kwargs({ b: 40 }))).toBe(42);
});

test("a Python exception arrives with its name, message and traceback", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", {
    boom: fn(() => {
      throw new PythonError("MyError", "code 7\nand more", "app");
    }),
  });
  const error = await modal
    .function("boom")
    .remote()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "MyError", message: "code 7\nand more", code: "FARCALL_REMOTE" });
  expect((error as Error).stack).toMatch(/^MyError: code 7\nand more\nTraceback[\s\S]*in boom[\s\S]*calls\.test\.ts/);
});

test("map() gives results in the order of its inputs", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  const results = await Array.fromAsync(
    modal.function("add").map(
      Array.from({ length: 300 }, (_, i) => i),
      { kwargs: { b: 1 } },
    ),
  );
  expect(results).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
});

test("remoteGen() gives what a generator yields", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", {
    count: generator(function* ({ args }) {
      for (let i = 0; i < Number(args[0]); i++) yield i;
    }),
  });
  expect(await Array.fromAsync(modal.function("count").remoteGen(5))).toEqual([0, 1, 2, 3, 4]);
  expect(await Array.fromAsync(modal.function("count").remoteGen(0))).toEqual([]);
});

test("spawn() and get()", async () => {
  await using modal = await setup();
  modal.fake.deploy("shop", { add });
  const call = await modal.function("add").spawn(1, 2);
  expect(await call.get()).toBe(3);
});

test("a method runs on an instance with its parameters", async () => {
  await using modal = await setup();
  const greet = method(({ args, instance }) => `${instance["greeting"]} ${args[0]} x${instance["times"]}`);
  modal.fake.deploy("shop", {
    Greeter: cls({ greet }, { parameters: { times: "int", greeting: { type: "str", default: "hello" } } }),
  });
  const Greeter = modal.class("Greeter");
  expect(await new Greeter({ times: 3 }).greet.remote("Ada")).toBe("hello Ada x3");
});
