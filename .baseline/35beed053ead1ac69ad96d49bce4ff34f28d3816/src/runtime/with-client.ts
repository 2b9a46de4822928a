/** Binds stubs to a client. */
import { Client } from "./client.ts";
import { InvalidError } from "./errors.ts";
import { RemoteFunction } from "./function.ts";
import { bindClass } from "./remote-class.ts";

/**
 * The same stub, or the same namespace of stubs, with its calls going to the client's engine:
 * `const { resize } = withClient(client, images)`. A class gives one whose instances do so. Anything else is passed
 * through as it is.
 */
export function withClient<T extends object>(client: Client, target: T): T {
  if (!(client instanceof Client)) {
    throw new InvalidError("the first argument of withClient is not a Client", {
      hint: "Write `withClient(new Client({ engine }), images)`.",
    });
  }
  const stub = bind(client, target);
  if (stub) return stub as T;
  const bound: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(target)) bound[name] = bind(client, value) ?? value;
  return bound as T;
}

/** Undefined for what is not a stub. */
function bind(client: Client, value: unknown): object | undefined {
  return value instanceof RemoteFunction ? value.bind(client) : bindClass(client, value);
}
