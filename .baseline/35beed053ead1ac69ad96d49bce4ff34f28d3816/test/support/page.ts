/**
 * Follows a page of the documentation block by block in an empty folder, as a reader would, so that what it shows stays true.
 * A block's language and what follows it on its first line say what becomes of it:
 *
 *     ts, js, json, yaml, hbs, python file=PATH   is written there
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
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect } from "vitest";
import { stopHost } from "../../src/engines/local/index.ts";
import { type Block, blocksOf, commandsOf, fileOf, install } from "./blocks.ts";
import { type Ran, run, start } from "./cli.ts";
import { compile } from "./compile.ts";
import { type TemporaryHome, temporaryHome } from "./home.ts";

const repo = resolve(import.meta.dirname, "../..");

/**
 * @param page relative to the repository
 * @param packages what the page's reader has installed besides farcall
 * @param env what the reader's shell has besides this process's environment
 */
export async function follow(
  page: string,
  packages: readonly string[] = ["typescript", "@types/node"],
  env: Record<string, string> = {},
): Promise<void> {
  const markdown = await readFile(join(repo, page), "utf8");
  const before = /^<!-- after (\S+) -->/.exec(markdown)?.[1];
  const place = before ? await placeAfter(before, packages) : await Place.create(packages, markdown);
  try {
    const reader = new Reader(place.folder, withPath(place.env, env));
    for (const block of blocksOf(markdown)) await reader.do(block);
    expect(await reader.compile(), page).toBe("");
  } finally {
    if (before) free.set(keyOf(before, packages), [...(free.get(keyOf(before, packages)) ?? []), place]);
    else await place.remove();
  }
}

type Env = Record<string, string | undefined>;

/** The reader's own PATH comes before what was there. */
function withPath(before: Env, { PATH, ...own }: Record<string, string>): Env {
  return { ...before, ...own, PATH: [PATH, before["PATH"]].filter(Boolean).join(delimiter) };
}

/** Where the page that others build on has been followed: once for all that come one after the other, since a deploy is slow. */
const free = new Map<string, Place[]>();
const keyOf = (before: string, packages: readonly string[]) => [before, ...packages].join();

/** To be called after the last page. */
export async function removePlaces(): Promise<void> {
  for (const place of [...free.values()].flat()) await place.remove();
  free.clear();
}

async function placeAfter(before: string, packages: readonly string[]): Promise<Place> {
  const used = free.get(keyOf(before, packages))?.pop();
  if (used) {
    await used.restore();
    return used;
  }
  const markdown = await readFile(join(repo, before), "utf8");
  const place = await Place.create(packages, markdown);
  const reader = new Reader(place.folder, place.env);
  await reader.prepare(blocksOf(markdown));
  await place.save();
  return place;
}

/** A reader's folder and state directory. */
class Place {
  readonly folder: string;
  readonly env: Env;
  readonly #home: TemporaryHome;
  #saved: string | undefined;

  private constructor(folder: string, home: TemporaryHome) {
    this.folder = folder;
    this.#home = home;
    const PATH = [join(folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH].join(delimiter);
    // Without what the test runner sets for its own sake: a reader has none of it.
    this.env = { ...home.env, FARCALL_ENGINE: undefined, VITEST: undefined, NODE_ENV: undefined, PATH };
  }

  /** The page says what its reader's folder is called, which names the package too. */
  static async create(packages: readonly string[], markdown: string): Promise<Place> {
    const name = /^In an empty folder called `([^`]+)`/m.exec(markdown)?.[1];
    const place = new Place(await mkdtemp(join(tmpdir(), "page-")), await temporaryHome());
    await install(place.folder, packages, name);
    return place;
  }

  async save(): Promise<void> {
    await stopHost(this.#home.url, { force: true });
    this.#saved = await mkdtemp(join(tmpdir(), "saved-"));
    for (const [name, path] of this.#parts()) await cp(path, join(this.#saved, name), COPY);
  }

  async restore(): Promise<void> {
    await stopHost(this.#home.url, { force: true });
    for (const [name, path] of this.#parts()) {
      for (const entry of await readdir(path)) await rm(join(path, entry), REMOVE);
      await cp(join(this.#saved!, name), path, COPY);
    }
  }

  async remove(): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
    await rm(this.folder, REMOVE);
    if (this.#saved) await rm(this.#saved, REMOVE);
  }

  #parts(): [name: string, path: string][] {
    return [
      ["folder", this.folder],
      ["home", this.#home.path],
    ];
  }
}

const COPY = { recursive: true, verbatimSymlinks: true };
const REMOVE = { recursive: true, force: true, maxRetries: 5 };

class Reader {
  readonly #folder: string;
  readonly #env: Env;
  #output = "";
  #modules = 0;

  constructor(folder: string, env: Env) {
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
        if (/^farcall (init|deploy .*|codegen)$/.test(command)) await this.#run(command, 0);
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
