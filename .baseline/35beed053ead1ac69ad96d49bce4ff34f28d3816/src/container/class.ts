/** A container of a class: one instance, made when the container starts, whose methods the calls run. */
import { type App, classesOf, construct, decodeInstance, hooksOf, isOfCodec, NotFoundError } from "../runtime/index.ts";
import { compileValidator } from "../schema/check/index.ts";
import { type AppManifest, printType } from "../schema/index.ts";
import type { LoadMessage } from "../wire/container-protocol.ts";
import type { Callable, Loaded } from "./callable.ts";
import { InputFailure } from "./outbox.ts";

/** Throws InputFailure when the constructor's arguments do not fit. */
export async function loadInstance(
  app: App,
  exports: Record<string, unknown>,
  message: LoadMessage,
  readManifest: () => AppManifest,
): Promise<Loaded> {
  const { function: name, version } = message;
  const instance = message.instance!; // present in every container of a class
  const own = classesOf(app, exports).find((one) => one.name === name);
  if (!own) {
    throw new NotFoundError(`app ${message.app} does not register a class ${name} in version ${version}`, {
      hint: "Classes must be registered whenever the module is loaded, whatever its environment. Then deploy again.",
    });
  }
  const manifest = message.manifest === "" ? undefined : readManifest();
  const problem = manifest && compileValidator(name, manifest, printType, isOfCodec)?.(decodeInstance(instance).args);
  if (problem) throw new InputFailure({ code: "INVALID", message: problem.message, hint: problem.hint });

  let made: ReturnType<typeof construct>;
  const { start, stop } = hooksOf(app);
  const enter = async (): Promise<void> => {
    made = construct(own.definition, instance);
    await made["enter"]?.();
  };
  // Stop hooks run from the last to the first.
  const exit = async (): Promise<void> => {
    await made["exit"]?.();
  };

  const callables = new Map<string, Callable>();
  const callableOf: Loaded["callableOf"] = ({ function: full = "", mode = "unary" }) => {
    const known = callables.get(full);
    if (known) return known;
    const method = full.slice(name.length + 1);
    const definition = own.methods.find((one) => one.name === method);
    if (!definition) {
      throw new InputFailure({ code: "NOT_FOUND", message: `class ${name} does not have a method ${method}` });
    }
    const fn = (...args: never[]): unknown => made[method]!(...args);
    const validate =
      definition.options.validate && manifest ? compileValidator(full, manifest, printType, isOfCodec) : undefined;
    const callable: Callable = { name: full, mode, fn, validate, handler: undefined };
    callables.set(full, callable);
    return callable;
  };
  return { callableOf, hooks: { start: [...start, enter], stop: [...stop, exit] } };
}
