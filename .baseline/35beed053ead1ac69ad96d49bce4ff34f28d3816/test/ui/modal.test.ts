/** The page's server on Modal: forms of Python functions, whose arguments may have to go by name, and no options that nobody knows. */
import { expect, test } from "vitest";
import { serveUi } from "../../src/ui/index.ts";
import { fn } from "../engines/modal/fake/index.ts";
import { published } from "../engines/modal/published.ts";
import { setup } from "../engines/modal/setup.ts";

const number = { kind: "primitive", name: "number" };

test("a form passes by name what Python takes by name only, and what follows a field that is left out", async () => {
  await using modal = await setup();
  const seen = fn(({ args, kwargs }) => JSON.stringify([args, kwargs]));
  const optional = { type: number, default: "1" };
  const parameters = [
    { name: "a", type: number, positionalOnly: true },
    { name: "b", ...optional },
    { name: "c", ...optional },
    { name: "d", ...optional, keywordOnly: true },
    { name: "tags", type: number, keywordRest: true },
  ];
  const rest = { name: "values", type: { kind: "array", element: number }, rest: true };
  const described = (name: string, given: object[]) => ({
    name,
    mode: "unary",
    keywords: true,
    parameters: given,
    returns: number,
  });
  modal.fake.deploy("shop", {
    seen,
    many: seen,
    ...published([described("seen", parameters), described("many", [parameters[0]!, rest, parameters[3]!])]),
  });
  const ui = await serveUi({ engine: modal.engine });
  try {
    const { origin, hash } = new URL(ui.url);
    const headers = {
      origin,
      authorization: `Bearer ${new URLSearchParams(hash.slice(1)).get("token")}`,
      "content-type": "application/json",
    };
    const view = await (await fetch(`${origin}/api/function?app=shop&environment=main&name=many`, { headers })).json();
    expect(view).toMatchObject({ options: [] });
    const call = async (name: string, args: unknown[]) => {
      const body = JSON.stringify({ app: "shop", environment: "main", name, version: 1, args });
      const response = await fetch(`${origin}/api/call`, { method: "POST", headers, body });
      const events = (await response.text()).trim().split("\n");
      return events.map((line) => JSON.parse(line)).find(({ event }) => event === "result")?.value;
    };
    const none = { $: "undefined" };
    expect(JSON.stringify(await call("seen", [1, 2, 3, 4]))).toContain(
      JSON.stringify('[[1,2,3],{"d":4}]').slice(1, -1),
    );
    expect(JSON.stringify(await call("seen", [1, none, 3]))).toContain(JSON.stringify('[[1],{"c":3}]').slice(1, -1));
    // A rest parameter's fields are the last.
    expect(JSON.stringify(await call("many", [1, 4, 5, 6]))).toContain(
      JSON.stringify('[[1,5,6],{"d":4}]').slice(1, -1),
    );
  } finally {
    await ui.close();
  }
});
