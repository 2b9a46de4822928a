import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { IntrospectionError, introspect, type Problem } from "../../src/introspect/index.ts";
import { fixtures, problemsOf } from "./support/printed.ts";

function problems(entry: string): readonly Problem[] {
  try {
    return introspect(join(fixtures, entry), { root: fixtures }).problems;
  } catch (error) {
    if (error instanceof IntrospectionError) return error.problems;
    throw error;
  }
}

describe("a type that cannot be sent is refused", () => {
  const all = problems("refused/app.ts");

  test("together with all others, each with its path inside the type", () => {
    expect(all.map(({ severity, path }) => `${severity} ${path}`)).toEqual([
      "error undefined",
      "error callback(options.onProgress)",
      "error callback(options.nested.items[].done)",
      "error page() → items[].next",
      "error symbols(key)",
      "error symbols(unique)",
      "error weak(map)",
      "error weak(set)",
      "error weak(ref)",
      "error streams(web)",
      "error streams(node)",
      "error classes(counter)",
      "error classes()",
      "error iterables(input)",
      "error iterables(tuple[1])",
      "error platform(request)",
      "error platform(form)",
      "error platform(signal)",
      "error made()",
      "error once<F>",
      "error sorted<T>",
      "error split(options.split)",
      "error split(parser)",
      "error pick(choose)",
      "error pick(choose)",
      "error overGlobal(all)",
      "error both<T>",
      "error parts(named)",
      "error parts(picked.getTime)",
      "error parts(rest)",
      "error parts(rest.clear)",
      "error typed<T>.of",
      "error received(request.split)",
      "warning hidden(data)",
      "warning hidden(list[].value)",
    ]);
  });

  test("with its place, and a hint that is a complete sentence", () => {
    expect(all.find(({ path }) => path === "streams(web)")).toEqual({
      severity: "error",
      reason: "stream",
      file: "refused/app.ts",
      line: 19,
      column: 43,
      path: "streams(web)",
      message: "ReadableStream is a stream: it cannot cross the wire",
      hint: "Pass the bytes as Uint8Array, or make the function a generator that yields chunks.",
    });
    expect(all.filter(({ hint = "" }) => !/^[A-Z].*\.$/s.test(hint))).toEqual([]);
  });

  test("once, naming every function that it concerns", () => {
    expect(all.find(({ path }) => path === "callback(options.onProgress)")?.message).toBe(
      "a function cannot cross the wire; also in again",
    );
    expect(all.filter(({ message }) => message.startsWith("Splitting")).map(({ message }) => message)).toEqual([
      "Splitting is an object with methods: it cannot cross the wire; also in joined",
    ]);
  });

  test("of an overloaded function, naming the overloads that have it", () => {
    const faults = all.filter(({ path }) => path === "pick(choose)");
    expect(faults.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      "54: a function cannot cross the wire, in overload 2 of 3",
      "55: a function cannot cross the wire, in overload 3 of 3",
    ]);
    expect(faults[0]?.hint).toMatch(/\. Or register a function that has only the other overloads\.$/);
  });

  test("in a package's types, naming the method at fault", () => {
    expect(all.find(({ path }) => path === "split(options.split)")).toMatchObject({
      reason: "function",
      message: "Splitting is an object with methods: it cannot cross the wire; also in joined",
    });
    expect(all.find(({ path }) => path === "split(parser)")?.message).toBe(
      "Parser is a function: it cannot cross the wire",
    );
  });

  test("in a package's type that also has an `any`", () => {
    expect(all.find(({ path }) => path?.startsWith("received("))).toMatchObject({
      severity: "error",
      message: "Incoming is an object with methods: it cannot cross the wire",
    });
  });

  test("and so is a plain function that returns a generator", () => {
    expect(all[0]).toMatchObject({ line: 36, message: "plain returns a generator but is not declared as one" });
  });
});

describe("type errors stop a deploy", () => {
  test("as tsc prints them, together with types that cannot be sent", () => {
    expect(problemsOf("problems/types.ts").filter((line) => !line.startsWith(" "))).toEqual([
      "problems/wrong.ts(1,35): error TS2304: Cannot find name 'Missing'.",
      "problems/wrong.ts(2,12): error TS2339: Property 'nothing' does not exist on type 'string'.",
      "problems/types.ts(6,3): error TS2322: Type 'string' is not assignable to type 'number'.",
      "problems/types.ts(8,7): error TS2345: Argument of type 'number' is not assignable to parameter of type 'string'.",
      "problems/types.ts(5,58): error: fn(b): a function cannot cross the wire",
    ]);
  });
});
