/** What a user of generated code waits for while typing. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { type GeneratedClient, generateClients } from "./support/generated-clients.ts";
import { LanguageServer } from "./support/language-server.ts";
import { type Benchmark, type Measure, takeTurns } from "./support/measure.ts";
import { REPOSITORY } from "./support/project.ts";
import { FUNCTIONS, makeShapedProject, type ShapedProject } from "./support/shaped-project.ts";
import { sampleInput } from "./support/shapes.ts";

/** Those with a tsserver; TypeScript 7 has none. */
const COMPILERS = { "TypeScript 5.9": "typescript-5.9", "TypeScript 6": "typescript-6" };
/** What is typed; functions differ, since a checker remembers what it has resolved. */
const TURNS = 20;

interface Completions {
  entries: { name: string }[];
}

const benchmark: Benchmark = {
  title: `editor: completion beside ${FUNCTIONS.toLocaleString("en")} generated functions`,
  about:
    `TypeScript's language server has a file open that imports the generated code. In each turn a line is typed, and completion asked for at its end; a figure is the median of ${TURNS} turns, each ` +
    "with another function, after one that has loaded the project. hey-api and orval are generated from an OpenAPI document of the same shapes.",
  async run({ alone, log }) {
    log(`deploying and generating ${FUNCTIONS} functions`);
    await using shaped = await makeShapedProject(alone);
    const clients = generateClients(shaped, alone);
    const measures: Measure[] = [];
    for (const [compiler, packageName] of Object.entries(COMPILERS)) {
      log(compiler);
      const tsserver = createRequire(join(REPOSITORY, "package.json")).resolve(`${packageName}/lib/tsserver.js`);
      await using editors = new AsyncDisposableStack();
      const opened = Object.entries(clients).map(
        ([name, client]) => [name, editors.use(new Editor(tsserver, shaped, client))] as const,
      );
      for (const [name, lineOf] of Object.entries(LINES)) {
        for (const [, editor] of opened) await editor.complete(lineOf(editor.client, shaped, 0));
        let turn = 0;
        const samples = await takeTurns(
          TURNS,
          Object.fromEntries(
            opened.map(([contestant, editor]) => [
              contestant,
              () => editor.complete(lineOf(editor.client, shaped, 1 + Math.floor(turn++ / opened.length))),
            ]),
          ),
        );
        const peers = Object.keys(clients).filter((each) => each !== "farcall");
        measures.push({
          name: `${compiler}, ${name}`,
          unit: "ms",
          better: "lower",
          samples,
          targets: [{ of: "farcall", to: peers, ratio: 1 }],
        });
      }
    }
    return measures;
  },
};

export default benchmark;

/** A line that ends where completion is asked for, and a name that has to be among the answers. */
interface Line {
  text: string;
  expected: string;
}

const LINES: Record<string, (client: GeneratedClient, shaped: ShapedProject, index: number) => Line> = {
  "names of functions": (_, { shapes }, index) => ({ text: "api.", expected: shapes.functions[index]!.name }),
  "properties of a result": ({ use }, { shapes }, index) => {
    const fn = shapes.functions[index]!;
    return { text: `(${use(fn.name, sampleInput(shapes, fn))}).`, expected: fn.result.fields[0]!.name };
  },
};

class Editor implements AsyncDisposable {
  readonly client: GeneratedClient;
  readonly #server: LanguageServer;
  readonly #file: string;
  readonly #line: number;
  #typed = 0;

  constructor(tsserver: string, { project }: ShapedProject, client: GeneratedClient) {
    this.client = client;
    const folder = join(project.path, client.folder);
    this.#file = join(folder, "edited.ts");
    const text = `${client.imports}\n\n`;
    this.#line = text.split("\n").length;
    project.write(join(client.folder, "edited.ts"), text);
    this.#server = new LanguageServer(tsserver, folder);
    this.#server.tell("open", { file: this.#file });
  }

  /** Milliseconds from typing the line to the answer. */
  async complete({ text, expected }: Line): Promise<number> {
    const [file, line] = [this.#file, this.#line];
    const start = performance.now();
    this.#server.tell("change", {
      file,
      line,
      offset: 1,
      endLine: line,
      endOffset: this.#typed + 1,
      insertString: text,
    });
    this.#typed = text.length;
    const at = { file, line, offset: text.length + 1, triggerKind: 2, triggerCharacter: "." };
    const { entries } = await this.#server.ask<Completions>("completionInfo", at);
    const took = performance.now() - start;
    if (!entries.some(({ name }) => name === expected)) throw new Error(`no ${expected} after ${text}`);
    return took;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}
