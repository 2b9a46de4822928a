/** Packages with native code: the deploy names them with their versions, and workers install them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packagesOf } from "../../../src/engines/nats/registry/portable.ts";
import { deployment } from "../../engine/deployment.ts";
import { Driver } from "../../engine/drive.ts";
import { patient } from "../../support/limits.ts";
import { NpmRegistry } from "../../support/npm-registry.ts";
import { Cluster } from "./cluster.ts";
import { LEFT_OUT } from "./server.ts";

const repo = resolve(import.meta.dirname, "../../..");
const scratch = mkdtempSync(join(tmpdir(), "fp-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The native package, and the one with its binary for this machine. */
const NATIVE = "cbor-extract";
const installed = existsSync(join(repo, "node_modules/@cbor-extract"))
  ? readdirSync(join(repo, "node_modules/@cbor-extract")).map((name) => `@cbor-extract/${name}`)
  : [];
const leftOut = LEFT_OUT ?? (installed.length === 0 ? "no prebuilt cbor-extract for this machine" : undefined);
const versionOf = (name: string) =>
  JSON.parse(readFileSync(join(repo, "node_modules", name, "package.json"), "utf8")).version as string;

const app = (name: string, specifier: string, root = repo) =>
  deployment(
    name,
    `
import native from ${JSON.stringify(specifier)};
import { createRequire } from "node:module";
export const extract = app.function(function extract() {
  const { sharedObjects } = process.report.getReport();
  return { has: native !== undefined, loaded: sharedObjects.filter((file) => file.endsWith(".node")) };
});
`,
    { extract: {} },
    { root },
  );

describe.skipIf(leftOut)(`native packages on workers${leftOut ? ` (${leftOut})` : ""}`, () => {
  let registry: NpmRegistry;
  let cluster: Cluster;
  let engine: ReturnType<Cluster["engine"]>;
  beforeAll(async () => {
    registry = await NpmRegistry.start([NATIVE, "node-gyp-build-optional-packages", "detect-libc", ...installed]);
    cluster = await Cluster.start({ workers: 1, env: registry.env });
    engine = cluster.engine();
  });
  afterAll(async () => {
    await engine.close();
    await cluster[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });
  const packages = () => join(cluster.workers[0]!.folder, "packages");
  /** Binaries that the app has loaded from what the worker installed. */
  const own = async (name: string) => {
    const { loaded } = (await new Driver(engine, name).remote("extract")) as { loaded: string[] };
    return loaded.filter((file) => file.startsWith(packages()));
  };

  test(
    "are installed once for all apps that need the same, with the binary for the worker's machine",
    patient,
    async () => {
      await engine.deployer!.deploy(app("one", NATIVE));
      expect(await own("one")).toEqual([expect.stringMatching(/cbor-extract.*\.node$/)]);
      expect(registry.fetched).toContain(NATIVE);
      const count = registry.fetched.length;
      // Another app, whose package is found from a module of another one.
      await engine.deployer!.deploy(app("two", `farcall-from:node_modules/cbor-x/index.js?${NATIVE}`));
      expect(await own("two")).toEqual(await own("one"));
      expect(registry.fetched.length).toBe(count);
      expect(readdirSync(packages()).length).toBe(1);
    },
  );

  test("that are there already when a worker starts are not installed again", patient, async () => {
    const count = registry.fetched.length;
    await cluster.workers[0]!.kill();
    await cluster.workers[0]!.start();
    expect((await own("one")).length).toBe(1);
    expect(registry.fetched.length).toBe(count);
  });

  test("that cannot be installed fail the calls with what npm says", patient, async () => {
    const root = join(scratch, "missing");
    mkdirSync(join(root, "node_modules/not-published"), { recursive: true });
    writeFileSync(
      join(root, "node_modules/not-published/package.json"),
      '{ "name": "not-published", "version": "1.2.3" }',
    );
    await engine.deployer!.deploy(app("broken", "not-published", root));
    await expect(new Driver(engine, "broken").remote("extract")).rejects.toThrow(
      /this worker cannot install not-published@1\.2\.3: npm failed with exit code 1[\s\S]*404/,
    );
    expect(readdirSync(packages()).length).toBe(1);
  });
});

describe("a bundle", () => {
  const bundle = (code: string, root: string) => ({ code, root, hash: "", sourceMap: "" });
  const make = (root: string, name: string, fields: object) => {
    const folder = join(scratch, root, "node_modules", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name, ...fields }));
    return join(scratch, root);
  };

  test("lists what it leaves out, with versions; what is not installed is optional", () => {
    const root = make("listed", "@scope/native", { version: "2.0.1" });
    const code =
      'import a from "@scope/native/sub";\nconst b = require("@scope/native"), c = require("fsevents");\nimport "node:fs";';
    expect(packagesOf(bundle(code, root))).toEqual([{ name: "@scope/native", version: "2.0.1" }]);
    expect(versionOf(NATIVE)).toBe(packagesOf(bundle(`import "${NATIVE}";`, repo))[0]!.version);
  });

  test("that needs a package which no registry has is refused, and the error names it", () => {
    const root = make("linked", "own", { version: "1.0.0", private: true });
    mkdirSync(join(scratch, "elsewhere"), { recursive: true });
    writeFileSync(join(scratch, "elsewhere/package.json"), '{ "name": "linked", "version": "1.0.0" }');
    symlinkSync(join(scratch, "elsewhere"), join(root, "node_modules/linked"), "dir");
    expect(() => packagesOf(bundle('import "own"; \nimport "linked";', root))).toThrow(
      /workers cannot install what the bundle leaves out: linked, own/,
    );
  });

  test("that needs a package in two versions is refused", () => {
    const root = make("twice", "native", { version: "1.0.0" });
    make("twice/node_modules/lib", "native", { version: "2.0.0" });
    const code = 'import "native";\nimport "farcall-from:node_modules/lib/index.js?native";';
    expect(() => packagesOf(bundle(code, root))).toThrow(/native in more than one version: 1\.0\.0, 2\.0\.0/);
  });
});
