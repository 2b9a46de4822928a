/** Stubs of Python functions, from the data that python/farcall publishes: kinds of parameters, documentation, names. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generate } from "../../src/codegen/index.ts";
import { decodeArguments } from "../../src/runtime/index.ts";
import { modalPython, pythonMissing } from "../engines/modal/fake/index.ts";
import { complete, publish } from "../python/published.ts";
import { COMPILERS } from "../support/compile.ts";
import { Project, type Registry, registry } from "./support.ts";

const right = `
import { kwargs } from "farcall";
import { naming } from "./generated/index.ts";

const { split_text, count_words, all_words, WordIndex } = naming;

export async function right(): Promise<void> {
  const chunks = await split_text.remote("a b", 80, "the", kwargs({ keep_case: true, apple: 2 }));
  chunks[0]?.start_index satisfies number | undefined;
  split_text.remote("a b", undefined, kwargs({ keep_case: false }));
  (await count_words.remote("a b", kwargs({ ignore_case: true }))) satisfies number;
  count_words.remote(kwargs({ text: "a b", ignore_case: true, min_length: 2 }));
  count_words.map(["a", "b"], { kwargs: { ignore_case: false } });
  for await (const word of all_words.remoteGen("a b", 1)) word satisfies string;
  const index = new WordIndex({ index_name: "main" });
  (await index.find_all.remote("a", kwargs({ max_results: 3 }))) satisfies number[];
}
`;

const wrong = `import { kwargs } from "farcall";
import { naming } from "./generated/index.ts";
const { split_text, count_words, all_words, WordIndex } = naming;
split_text.remote(kwargs({ text: "a" }));
split_text.remote("a", "80");
split_text.remote("a", 80, 1);
split_text.remote("a", kwargs({ max_length: "80" }));
split_text.remote("a", kwargs({ stop_words: ["the"] }));
count_words.remote("a");
count_words.remote("a", true);
count_words.remote("a", kwargs({ ignore_case: true, min_lenght: 2 }));
count_words.remote(kwargs({ text: 1, ignore_case: true }));
count_words.map(["a"]);
count_words.map(["a"], { kwargs: { ignore_case: 1 } });
all_words.remoteGen("a", kwargs({ word_index: 1 }));
all_words.remote("a", 1);
new WordIndex({});
new WordIndex({ index_name: 1 });
`;

const camel = `
import { Function, kwargs } from "farcall";
import { naming } from "./generated/index.ts";

const { splitText, countWords, allWords, WordIndex } = naming;

export async function right(): Promise<void> {
  const chunks = await splitText.remote("a b", 20, kwargs({ keepCase: false }));
  chunks[0]?.start_index satisfies number | undefined;
  countWords.map(["a"], { kwargs: { ignoreCase: true } });
  allWords.remoteGen("a", 1);
  new WordIndex({ index_name: "main" }).findAll.remote(kwargs({ someWord: "a", maxResults: 3 }));
  Function.fromName("naming", "all_words");
}

export function wrong(): void {
  // @ts-expect-error
  countWords.remote("a", kwargs({ ignore_case: true }));
  // @ts-expect-error
  naming.count_words;
  // @ts-expect-error: it has no stub whose names it would know
  Function.fromName("naming", "count_words").remote("a", kwargs({ ignoreCase: true }));
}
`;

describe.skipIf(!modalPython)(`stubs of a Python app${pythonMissing}`, () => {
  let deployed: Registry;
  beforeAll(async () => {
    deployed = await registry();
    await deployed.deploy(await complete(publish("naming").manifest, "naming"));
  });
  afterAll(() => deployed?.[Symbol.asyncDispose]());

  const project = async (files: Record<string, string>, config: object = {}) => {
    const made = new Project(files);
    try {
      await generate({ apps: ["naming"], ...config }, { cwd: made.path, engine: deployed.engine });
    } catch (error) {
      made[Symbol.dispose]();
      throw error;
    }
    return made;
  };

  test("have the author's documentation of a function and its parameters, and a link to its source", async () => {
    using made = await project({});
    const stubs = made.read("src/generated/naming.ts");
    expect(stubs).toContain(`/**
 * Splits a text.
 *
 * @param text What to split.
 * @param max_length The longest part, in characters. Default: \`80\`.
 * @param stop_words Words that are left out.
 * @param keep_case Whether capitals stay. Default: \`false\`.
 * @param word_weights What a word counts, by word.
 * @returns The parts, in order.
 * @see \`tests/apps/naming.py:21\`
 */
export const split_text: Function<
  [text: string, max_length?: number | undefined, ...stop_words: string[]],
  TextChunk[],
  Keywords<[null, "max_length"], { [key: string]: number | boolean | undefined; keep_case?: boolean }>
> =`);
    expect(stubs).toContain(`/**
 * Counts words.
 * @param ignore_case Takes capitals for small letters.
 * @param min_length Default: \`1\`.
 * @see \`tests/apps/naming.py:41\`
 */
export const count_words: Function<
  [text: string],
  number,
  Keywords<["text"], { ignore_case: boolean; min_length?: number }>
> =`);
    expect(stubs).toContain(" * @param text Where the words are.\n * @see `tests/apps/naming.py:53`\n");
    expect(stubs).toContain("/** A part of a text. */\nexport interface TextChunk {");
  });

  test("take calls as Python does", async () => {
    using made = await project({ "src/use.ts": right });
    for (const compiler of COMPILERS) expect.soft(await made.check(compiler), compiler).toBe("");
  });

  test.each(COMPILERS)("say what is wrong with a call in a line (%s)", async (compiler) => {
    using made = await project({ "src/use.ts": wrong });
    const report = (await made.check(compiler)).trim().split("\n");
    const errors = report.filter((line) => !line.startsWith(" "));
    const shown = errors.map((line) => line.replace(/^src\/use\.ts\((\d+),(\d+)\): error /, "$1:$2 "));
    await expect(`${shown.join("\n")}\n`).toMatchFileSnapshot(`./__snapshots__/python-wrong.${compiler}.txt`);
    for (const line of shown) expect(line.length).toBeLessThan(200);
    // One for each line of wrong calls.
    expect(new Set(shown.map((line) => line.split(":")[0])).size).toBe(wrong.trim().split("\n").length - 3);
  });

  test("have names in camelCase if the config asks for it, with their documentation", async () => {
    using made = await project({ "src/use.ts": camel }, { names: "camelCase" });
    for (const compiler of COMPILERS) expect.soft(await made.check(compiler), compiler).toBe("");
    const stubs = made.read("src/generated/naming.ts");
    expect(stubs).toContain(" * @param maxLength The longest part, in characters. Default: `80`.\n");
    expect(stubs).toMatch(/= \/\* @__PURE__ \*\/ stub\(\s*"count_words",\s*"/);
  });

  test.each(["ts", "js"] as const)("in camelCase call by the names that are deployed (%s)", async (emit) => {
    using made = await project({}, { names: "camelCase", emit });
    const { configure, kwargs } = await import(`${made.path}/node_modules/farcall/dist/index.js`);
    configure({ engine: deployed.url });
    const { countWords, splitText, WordIndex } = await import(`${made.path}/src/generated/naming.${emit}`);
    const index = new WordIndex({ index_name: "main" });
    const calls = [
      await countWords.spawn("a", kwargs({ ignoreCase: true, minLength: 2 })),
      await splitText.spawn("a", 80, kwargs({ keepCase: true, some_word: 1 })),
      await countWords.spawnMap(["a"], { kwargs: { ignoreCase: false } }),
      await index.findAll.spawn(kwargs({ someWord: "b" })),
    ];
    const sent = await Promise.all(
      calls.map(async ({ id }) => {
        const [record] = await deployed.engine.monitor!.inputs(id, {});
        return decodeArguments(record!.payload!).kwargs;
      }),
    );
    expect(sent).toEqual([
      { ignore_case: true, min_length: 2 },
      { keep_case: true, some_word: 1 },
      { ignore_case: false },
      { some_word: "b" },
    ]);
    configure({ engine: undefined });
  });
});
