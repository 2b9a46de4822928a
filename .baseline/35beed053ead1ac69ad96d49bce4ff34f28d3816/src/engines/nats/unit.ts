/** What workers run and sources call: a function at one version, or one instance of a class. Its name is a part of subjects. */
import { createHash } from "node:crypto";
import type { FunctionSchema } from "../../schema/index.ts";
import { token } from "./names.ts";

export interface UnitParts {
  app: string;
  environment: string;
  version: number;
  schema: Pick<FunctionSchema, "name" | "class">;
  /** Of a method, as FunctionRef has it. */
  instance: string | undefined;
}

/** The methods of a class share the containers of an instance, so they are of one unit. */
export function unitOf({ app, environment, version, schema, instance }: UnitParts): string {
  const hash = instance === undefined ? "-" : createHash("sha256").update(instance).digest("hex").slice(0, 32);
  return [token(environment), token(app), token(schema.class ?? schema.name), version, hash].join(".");
}
