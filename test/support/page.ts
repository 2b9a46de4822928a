/**
 * Follows a page of the documentation block by block in an empty folder, as a reader would, so that what it shows stays true.
 * A block's language and what follows it on its first line say what becomes of it:
 *
 *     ts, js, json, yaml, hbs file=PATH   is written there
 *     ts                                  is compiled with the rest, as a module of its own in src/
 *     ts wrong                            does not compile, with the errors that a `text` block after it may show
 *     sh                                  each line runs and exits with 0; installations are left out
 *     sh exit=1                           the same with another exit code
 *     sh until=TEXT                       goes on until it prints TEXT, and is then interrupted
 *     text                                is what the last command printed, but for times and hashes
 *
 * In the end everything together compiles. A page that builds on another says so in its first line, `<!-- after README.md -->`;
 * of that one files are written, and deploys and codegen run.
 */
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect } from "vitest";
import { type Block, blocksOf, commandsOf, fileOf, install } from "./blocks.ts";
import { type Ran, run, start } from "./cli.ts";
import { compile } from "./compile.ts";
import { temporaryHome } from "./home.ts";

const repo = resolve(import.meta.dirname, "../..");

/** @param page relative to the repository @param packages what the page's reader has installed besides farcall */
export async function follow(page: string, packages: readonly string[] = ["typescript", "@types/node"]): Promise<void> {
  await using home = await temporaryHome();
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  try {
    await install(folder, packages);
    const PATH = [join(folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter);
    // Without what the test runner sets for its own sake: a reader has none of it.
    const env = { ...home.env, FARCALL_ENGINE: undefined, VITEST: undefined, NODE_ENV: undefined, PATH };
    const reader = new Reader(folder, env);
    const markdown = await readFile(join(repo, page), "utf8");
    const before = /^<!-- after (\S+) -->/.exec(markdown)?.[1];
    if (before) await reader.prepare(blocksOf(await readFile(join(repo, before), "utf8")));
    for (const block of blocksOf(markdown)) await reader.do(block);
    expect(await reader.compile(), page).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Reader {
  readonly #folder: string;
  readonly #env: Record<string, string | undefined>;
  #output = "";
  #modules = 0;

  constructor(folder: string, env: Record<string, string | undefined>) {
    this.#folder = folder;
    this.#env = env;
  }

  /** What another page leads to, without looking at what it says. */
  async prepare(blocks: readonly Block[]): Promise<void> {
    for (const { language, info, text } of blocks) {
      const file = fileOf(info);
      if (file) await this.#write(file, text);
      if (language !== "sh" || info !== "") continue;
      for (const command of commandsOf(text))
        if (/^(farcall (init|deploy .*)|codegen)$/.test(command)) await this.#run(command, 0);
    }
  }

  async do({ language, info, text }: Block): Promise<void> {
    const file = fileOf(info);
    if (file) {
      await this.#write(file, text);
    } else if (language === "ts" && info === "") {
      await this.#write(`src/block-${++this.#modules}.ts`, text);
    } else if (language === "ts" && info === "wrong") {
      await this.#write("src/wrong.ts", text);
      this.#output = (await this.compile()).replace(/^.*?: (?=error)/gm, "");
      await rm(join(this.#folder, "src/wrong.ts"));
      expect(this.#output, text).toContain("error");
    } else if (language === "sh") {
      await this.#shell(info, text);
    } else if (language === "text" && info === "") {
      expect(comparable(this.#output)).toBe(comparable(text));
    } else {
      throw new Error(`nothing tests the block of ${language} ${info}:\n${text}`);
    }
  }

  /** The compiler's errors. */
  compile(): Promise<string> {
    return compile("typescript", ".", this.#folder);
  }

  async #shell(info: string, text: string): Promise<void> {
    const [, key, value = ""] = /^(exit|until)=(.*)$/.exec(info) ?? [];
    if (info !== "" && !key) throw new Error(`nothing tests the block of sh ${info}:\n${text}`);
    for (const command of commandsOf(text)) {
      if (key === "until") await this.#until(command, value);
      else await this.#run(command, key ? Number(value) : 0);
    }
  }

  async #run(command: string, exit: number): Promise<void> {
    const { code, stdout, stderr } = await this.#start("sh", ["-c", command]);
    expect(code, `${command}\n${stdout}${stderr}`).toBe(exit);
    this.#output = stdout + stderr;
  }

  async #until(command: string, text: string): Promise<void> {
    const child = start("sh", ["-c", `exec ${command}`], { cwd: this.#folder, env: this.#env }, "ignore");
    const ended = once(child, "close");
    this.#output = "";
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        this.#output += chunk;
        if (this.#output.includes(text)) child.kill("SIGINT");
      });
    await ended;
    expect(this.#output, command).toContain(text);
  }

  #start(program: string, args: readonly string[]): Promise<Ran> {
    return run(program, args, { cwd: this.#folder, env: this.#env });
  }

  async #write(file: string, text: string): Promise<void> {
    const path = join(this.#folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    if (file.endsWith(".json") && !file.startsWith("tsconfig")) JSON.parse(text);
  }
}

function comparable(text: string): string {
  return text
    .replace(/\b\d+(\.\d+)? (ms|s|min)\b/g, "TIME")
    .replace(/"(HASH|[0-9a-f]{16})"/g, '"HASH"')
    .trim();
}
