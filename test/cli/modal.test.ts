/** The command line against Modal: what works there as on this machine, and what it says where another tool has to be used. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "../codegen/support.ts";
import { cls, FakeModal, fn, generator, method } from "../engines/modal/fake/index.ts";
import { published } from "../engines/modal/published.ts";
import { farcall } from "../support/cli.ts";

let fake: FakeModal;
let project: Project;
beforeAll(async () => {
  fake = await FakeModal.start();
  const add = fn(
    ({ args, kwargs, print }) => {
      print("adding");
      return Number(args[0]) + Number(args[1] ?? kwargs["b"] ?? 1);
    },
    { parameters: { a: "int", b: { type: "int", default: 1 } }, returns: "int" },
  );
  const wait = fn(({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)));
  const parameters = [
    { name: "a", type: NUMBER, positionalOnly: true },
    { name: "b", type: NUMBER, keywordOnly: true, default: "1" },
  ];
  fake.deploy("shop", {
    add,
    wait,
    count: generator(() => [1, 2], { parameters: { n: "int" } }),
    Model: cls(
      {
        predict: method(
          ({ instance, args, print }) => {
            print("predicting");
            return `${instance["size"]} ${args[0]}`;
          },
          { parameters: { text: "str" } },
        ),
      },
      { parameters: { size: "str" } },
    ),
    scale: fn(() => 1),
    ...published([
      { name: "add", mode: "unary", keywords: true, parameters, returns: NUMBER },
      {
        name: "scale",
        mode: "unary",
        keywords: true,
        parameters: [
          { name: "value", type: NUMBER },
          { name: "factor", type: NUMBER, keywordOnly: true, default: "1" },
        ],
        returns: NUMBER,
      },
    ]),
  });
  project = new Project({ "farcall.config.json": { engine: "modal:", apps: ["shop"], output: "src/generated" } });
});
afterAll(async () => {
  project?.[Symbol.dispose]();
  await fake?.stop();
});

const NUMBER = { kind: "primitive", name: "number" };
const cli = (...args: string[]) =>
  farcall(args, { cwd: project.path, env: { ...process.env, ...fake.env, FARCALL_ENGINE: undefined } });
const json = async (...args: string[]) => {
  const { stdout, stderr } = await cli(...args, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout);
};

test("apps and functions are listed, with how parameters are passed and without options that nobody knows", async () => {
  expect((await cli("apps")).stdout).toMatch(/\nshop +main +1 +5 /);
  const { stdout } = await cli("describe", "shop/add");
  expect(stdout).toContain("add(a: number, kwargs({ b?: number })): number");
  expect(stdout).toContain("\n  a  by position only\n  b = 1  by name only\n");
  expect(stdout).not.toContain("timeout");
  expect((await cli("describe", "shop")).stdout).toContain("new Model(params: { size: string })");
});

test("functions are called with arguments and inputs from the command line", async () => {
  expect((await cli("call", "shop/add", "1")).stdout).toBe("2\n");
  expect((await cli("call", "shop/add", "1", "b=5")).stdout).toBe("6\n");
  expect((await cli("call", "shop/add", "1", "5")).stderr).toContain("add takes 1 argument, 2 given");
  expect((await cli("call", "shop/scale", "1", "factr=5")).stderr).toMatch(
    /scale has no parameter factr that can be given by name\n +hint: Did you mean factor\?/,
  );
  expect((await cli("call", "shop/count", "2")).stdout).toBe("1\n2\n");
  expect((await cli("call", 'shop/Model({"size": "xl"}).predict', '"a"')).stdout).toBe("xl a\n");
  const map = (...words: string[]) =>
    farcall(["map", "shop/add", ...words], {
      cwd: project.path,
      env: { ...process.env, ...fake.env, FARCALL_ENGINE: "modal:" },
      input: "1\n2\n",
    });
  expect((await map()).stdout).toBe("2\n3\n");
  expect((await map("b=5")).stdout).toBe("6\n7\n");
  expect((await map("-", "b=5")).stdout).toBe("6\n7\n");
  expect((await map("-", "c=5")).stderr).toContain("c=5 is not an argument by name of add");
});

test("arguments that do not fit are refused before anything is called, since Python checks none", async () => {
  fake.resetCounts();
  const { code, stderr } = await cli("call", "shop/scale", "1", "factor=much");
  expect(code).toBe(1);
  expect(stderr).toContain("scale(factor): expected number, received string");
  expect((await cli("call", "shop/scale", "[1]")).stderr).toContain("scale(value): expected number, received array");
  expect(fake.count("functionMap")).toBe(0);
  expect((await cli("map", "shop/count")).stderr).toContain("shop/count is a generator: map cannot run it");
});

test("a file of inputs that is not there is an error before anything is called", async () => {
  fake.resetCounts();
  const { code, stderr } = await cli("map", "shop/add", "missing.jsonl");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error\[FARCALL_USAGE\]: missing\.jsonl cannot be read: .*\n {2}hint: /);
  expect(fake.count("functionMap")).toBe(0);
});

test("calls are listed, cancelled and counted, and logs and history shown", async () => {
  const { call: callId } = await json("call", "shop/wait", "--spawn");
  expect((await cli("calls")).stdout).toContain(callId);
  expect((await cli("cancel", callId)).code).toBe(0);
  expect((await cli("stats", "shop/wait")).stdout).toMatch(/shop\/wait +\d+ +\d+ +\d+\n/);
  const logs = (await cli("logs", "shop")).stdout;
  expect(logs).toContain("shop/add adding");
  // An instance with parameters has an id of its own, which says nothing of its class.
  expect(logs).toContain("shop predicting");
  expect((await cli("history", "shop")).stdout).toMatch(/\n1 +.* - +fake /);
  const { stdout } = await cli("doctor");
  expect(stdout).toMatch(/ok +engine +modal: 1 app/);
  expect(stdout).toContain("npm package modal: 0.11.1");
});

test("what Modal's own command line does is refused with the command to run", async () => {
  project.write({ "src/app.ts": 'import { App } from "farcall";\nexport const app = new App("shop");\n' });
  for (const [args, hint] of [
    [["remove", "shop"], "modal app stop NAME"],
    [["rollback", "shop"], "modal app rollback NAME VERSION"],
    [["deploy", "src/app.ts"], "modal deploy FILE"],
    [["deploy", "app.py"], "modal deploy FILE"],
    [["dev", "src/app.ts"], "modal deploy FILE"],
  ] as const) {
    const { code, stderr } = await cli(...args);
    expect([args[0], code]).toEqual([args[0], 1]);
    expect(stderr).toContain("error[FARCALL_UNSUPPORTED]");
    expect(stderr).toContain(`  hint: Run \`${hint}\`.`);
  }
});

test("codegen --check finds stubs that a deploy has made stale", async () => {
  expect((await cli("codegen")).code).toBe(0);
  expect((await cli("codegen", "--check")).code).toBe(0);
  fake.deploy("shop", { add: fn(() => 1, { parameters: { text: "str" } }) });
  const { code, stdout } = await cli("codegen", "--check");
  expect(code).toBe(1);
  expect(stdout).toContain("shop/add");
});
