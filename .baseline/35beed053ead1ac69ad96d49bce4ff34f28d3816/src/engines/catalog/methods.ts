/** Which of the methods of `Function` can run which kind of function. */
import type { OpenCall } from "../../engine/index.ts";
import { InvalidError } from "../../runtime/errors.ts";
import type { FunctionSchema } from "../../schema/index.ts";

/** Throws InvalidError when the call's method does not suit the function that it names. */
export function checkMethod(call: OpenCall, { mode, name, class: of }: FunctionSchema): void {
  const { app, instance } = call.function;
  if (of === undefined && instance !== undefined) {
    throw new InvalidError(`${app}/${name} is not a class method; call it without an instance`);
  }
  if (of !== undefined && instance === undefined) {
    throw new InvalidError(`${app}/${name} is a method, and the call does not say of which instance`, {
      hint: `Write const ${of} = Class.fromName("${app}", "${of}"), then new ${of}(…)${name.slice(of.length)}.`,
    });
  }
  const generates = call.method === "remoteGen";
  if (mode === "web") {
    throw new InvalidError(`${app}/${name} is a web function: ${call.method}() cannot run it`, {
      hint: "Send HTTP requests to the URL that getWebUrl() gives.",
    });
  }
  if (mode === "generator" && !generates) {
    throw new InvalidError(`${app}/${name} is a generator, which has no ${call.method}()`, {
      hint: "Use remoteGen().",
    });
  }
  if (mode === "unary" && generates) {
    throw new InvalidError(`${app}/${name} is not a generator, so it has no remoteGen()`, { hint: "Use remote()." });
  }
  if (generates && (call.durable || call.idempotencyKey !== undefined)) {
    throw new InvalidError(
      `a generator's call cannot be kept on disk: ${app}/${name} has no spawn() and takes no idempotency key`,
    );
  }
}
