/** Two people's projects on one machine: ownership of an app, its history, and rollback. */
import { realpath } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Project, project } from "../deploy/project.ts";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";

let home: TemporaryHome;
let ada: Project;
let bob: Project;
beforeAll(async () => {
  home = await temporaryHome();
  ada = await project({ "package.json": '{ "name": "ada", "type": "module" }', "src/app.ts": app("one", "two") });
  bob = await project({ "package.json": '{ "name": "bob", "type": "module" }', "src/app.ts": app("three") });
});
afterAll(async () => {
  for (const one of [ada, bob, home]) await one[Symbol.asyncDispose]();
});

const app = (...functions: string[]) =>
  `import { App } from "farcall";\nexport const app = new App("shared");\n${functions
    .map((name) => `export const ${name} = app.function(function ${name}() { return "${name}"; });\n`)
    .join("")}`;
const cli = (at: Project, ...args: string[]) => farcall(args, { env: home.env, cwd: at.root });
const json = async (at: Project, ...args: string[]) => JSON.parse((await cli(at, ...args, "--json")).stdout);

test("an app that another project deployed is refused, as text and as JSON, until it is taken over", async () => {
  expect((await cli(ada, "deploy", "src/app.ts")).code).toBe(0);
  const { code, stdout, stderr } = await cli(bob, "deploy", "src/app.ts");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  const place = await realpath(ada.root);
  expect(stderr).toMatch(
    /^error\[FARCALL_DEPLOY\]: app shared \(main\) belongs to another project: version 1 was deployed /,
  );
  expect(stderr).toContain(`from ${place} (package ada) by `);
  expect(stderr).toMatch(/\n {2}hint: .*--env NAME.*--take-over/);
  expect(await json(bob, "deploy", "src/app.ts")).toMatchObject({ error: { code: "FARCALL_DEPLOY" } });

  const taken = await cli(bob, "deploy", "src/app.ts", "--take-over");
  expect(taken.stdout).toMatch(/^Deployed shared version 2 /);
  expect(taken.stderr).toContain("removal: This deploy removes 2 functions of app shared (main): one, two.");
  expect((await cli(bob, "apps")).stdout).toMatch(/FROM\nshared .* \(package bob\)\n/);
  expect((await cli(bob, "describe", "shared")).stdout).toContain(`from ${await realpath(bob.root)} (package bob) by `);
});

test("history lists the versions with their origin, and rollback goes back to one as a new version", async () => {
  const { stdout } = await cli(ada, "history", "shared");
  expect(stdout).toMatch(
    /^VERSION +DEPLOYED +FUNCTIONS +BY +REVISION +FROM\n2 .*\/src\/app\.ts\n1 .*\/src\/app\.ts\n$/,
  );
  const back = await cli(ada, "rollback", "shared");
  expect(back).toMatchObject({ code: 0, stderr: "" });
  expect(back.stdout).toMatch(/^Rolled back shared \(main\) to version 1, which is now version 3\n/);
  expect(back.stdout).toMatch(/ {2}three: breaking/);
  expect((await cli(ada, "call", "shared/one")).stdout).toBe("one\n");
  expect(await json(ada, "history", "shared")).toMatchObject([
    { version: 3, rollbackOf: 1, origin: { project: "ada" } },
    { version: 2, origin: { project: "bob" } },
    { version: 1, origin: { project: "ada" } },
  ]);
  expect((await cli(ada, "history", "shared")).stdout).toContain("version 1 again, ");
  expect(await json(ada, "rollback", "shared", "2")).toMatchObject({ version: 4, rollbackOf: 2, changed: true });
  expect((await cli(ada, "rollback", "shared", "4")).stdout).toMatch(/^Nothing changed: shared \(main\) version 4/);
  const none = await cli(ada, "rollback", "shared", "40");
  expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/version 40[\s\S]*1, 2, 3, 4/) });
  expect((await cli(ada, "rollback", "shared", "x")).code).toBe(2);
});

test("functions are removed only when the deploy says so, where nobody can be asked", async () => {
  await bob.write("src/app.ts", app("four"));
  const { code, stderr } = await cli(bob, "deploy", "src/app.ts");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^error\[FARCALL_DEPLOY\]: this deploy removes 1 function of app shared \(main\): three\n {2}hint: .*--allow-removal/,
  );
  const agreed = await cli(bob, "deploy", "src/app.ts", "--allow-removal");
  expect(agreed.stderr).toMatch(/^removal: This deploy removes 1 function of app shared \(main\): three\.\n/);
  expect(agreed.code).toBe(0);
});
