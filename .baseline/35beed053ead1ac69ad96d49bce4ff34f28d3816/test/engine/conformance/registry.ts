/** What every engine says about what is deployed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { NotFoundError, SignatureMismatchError } from "../../../src/runtime/errors.ts";
import { small } from "./apps.ts";
import type { EngineUnderTest, Suite } from "./suite.ts";

export function registry(suite: Suite): void {
  suite.describe("registry", [], () => {
    let under: EngineUnderTest;
    beforeAll(async () => {
      under = await suite.create();
      await under.prepare(small("letters", "a"));
      await under.prepare(small("letters", "b"));
    });
    afterAll(async () => {
      await under[Symbol.asyncDispose]();
    });

    test("lists each app with its newest version, and the versions that it had, newest first", async () => {
      const { registry } = under.engine;
      expect(await registry.listApps()).toMatchObject([
        { app: "letters", environment: "main", version: 2, functions: 1 },
      ]);
      expect(await registry.listApps({ environment: "other" })).toEqual([]);
      const history = await registry.history({ app: "letters", environment: "main" });
      expect(history).toMatchObject([{ version: 2 }, { version: 1 }]);
      // An engine that says how many functions a version had says it of all.
      expect([[1, 1], []]).toContainEqual(history.flatMap(({ functions }) => functions ?? []));
      for (const { deployedAt } of history) expect(Date.parse(deployedAt)).toBeGreaterThan(0);
      const error = await registry.history({ app: "leters", environment: "main" }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NotFoundError);
      expect((error as NotFoundError).hint).toContain("letters");
    });

    test("gives the manifest of the newest version or of a given one, and none when the caller has it already", async () => {
      const { registry } = under.engine;
      const ref = { app: "letters", environment: "main" };
      const newest = await registry.getManifest(ref);
      expect(newest.manifest?.functions.map((fn) => fn.name)).toEqual(["b"]);
      if (!suite.lacks("version")) {
        const older = await registry.getManifest({ ...ref, version: 1 });
        expect(older.manifest?.functions.map((fn) => fn.name)).toEqual(["a"]);
      }
      expect(await registry.getManifest(ref, { ifNotEtag: newest.etag })).toEqual({ etag: newest.etag });
    });

    test("names what is nearest when an app, environment, version or function is unknown", async () => {
      const { registry } = under.engine;
      const refused = async (ref: { app: string; environment: string; name: string; version?: number }) => {
        const error = await registry.resolve(ref).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(NotFoundError);
        const { message, hint } = error as NotFoundError;
        return `${message} ${hint}`;
      };
      expect(await refused({ app: "leters", environment: "main", name: "b" })).toMatch(/leters.*main.*letters/s);
      expect(await refused({ app: "letters", environment: "prod", name: "b" })).toMatch(/prod.*main/s);
      expect(await refused({ app: "letters", environment: "main", name: "bb" })).toMatch(/bb.*Did you mean b/s);
      expect(await refused({ app: "letters", environment: "main", name: "b", version: 9 })).toMatch(/version 9.*1, 2/s);
    });

    suite.needing(["signature"])(
      "lets a stub call a function that has changed compatibly, and refuses one that has not",
      async () => {
        const { registry } = under.engine;
        const parameter = (name: string, optional: boolean) => ({
          name,
          type: { kind: "primitive" as const, name: "string" as const },
          ...(optional && { optional: true as const }),
        });
        const version = (signature: string, parameters: ReturnType<typeof parameter>[]) =>
          under.prepare({
            name: "shapes",
            body: `export const f = app.function(function f() {}); // ${signature}`,
            functions: { f: { schema: { signature, parameters, returns: { kind: "primitive", name: "string" } } } },
          });
        await version("one", [parameter("a", false)]);
        await version("two", [parameter("a", false), parameter("b", true)]);
        const ref = { app: "shapes", environment: "main", name: "f", signature: "one" };
        expect(await registry.resolve(ref)).toMatchObject({ name: "f", version: 2 });
        await version("three", [parameter("a", false), parameter("b", false)]);
        const error = (await registry.resolve(ref).catch((thrown: unknown) => thrown)) as SignatureMismatchError;
        expect(error).toBeInstanceOf(SignatureMismatchError);
        expect(error.hint).toMatch(/codegen/);
        await expect(registry.resolve({ ...ref, signature: "unheard of" })).rejects.toThrow(SignatureMismatchError);
      },
    );
  });
}
