/** The page of `farcall ui` in a real browser, against a real host. */
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import axe, { type AxeResults } from "axe-core";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { localEngine, stopHost } from "../../src/engines/local/index.ts";
import { deployment } from "../engine/deployment.ts";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { CONDITION_MS, patient } from "../support/limits.ts";
import { missingBrowser, startBrowser } from "./browser.ts";
import { type StartedUi, startUi } from "./start.ts";

const repo = resolve(import.meta.dirname, "../..");
const gallery = resolve(import.meta.dirname, "../support/apps/gallery.ts");

test("there is a browser to test the page with", (context) => {
  if (missingBrowser !== "" && !process.env.CI) context.skip(missingBrowser);
  expect(missingBrowser).toBe("");
});

describe.skipIf(missingBrowser !== "")("the page", () => {
  let home: TemporaryHome;
  let ui: StartedUi;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const strangers: string[] = [];

  beforeAll(async () => {
    home = await temporaryHome();
    const { code, stderr } = await farcall(["deploy", gallery], { env: home.env });
    expect(code, stderr).toBe(0);
    ui = await startUi(home);
    browser = await startBrowser();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(CONDITION_MS);
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(ui.origin)) strangers.push(request.url());
    });
    await page.goto(ui.url);
  });

  afterAll(async () => {
    await browser?.close();
    await ui?.stop();
    await home?.[Symbol.asyncDispose]();
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });

  const open = async (path: string): Promise<void> => {
    await page.goto(ui.origin + path);
    await page.locator("h1").waitFor();
  };
  const text = async (where: Locator): Promise<string> => (await where.textContent()) ?? "";
  const shows = (where: string, what: string) => page.locator(where).filter({ hasText: what }).first().waitFor();

  test("drops the token from the address, and goes from the apps to a function by its links", async () => {
    await page.waitForURL(`${ui.origin}/`);
    await shows("h1", "Apps");
    expect(await page.context().cookies()).toEqual([]);
    await page.getByRole("link", { name: /gallery/ }).click();
    await shows("h1", "gallery");
    expect(await text(page.locator(".functions").first())).toContain("countTo(limit: number): AsyncGenerator<number>");
    await page.locator("pre a", { hasText: "ResizeOptions" }).first().click();
    await page.waitForURL("**#type-ResizeOptions");
    await page.getByRole("link", { name: "resize", exact: true }).click();
    await page.waitForURL("**/function/main/gallery/resize");
    await shows("main", "PNG or JPEG");
    await page.goBack();
    await shows("h1", "gallery");
  });

  test("says next to a field what the function would refuse, and calls it once that is mended", async () => {
    await open("/function/main/gallery/resize");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("12345") });
    await page.getByLabel("width").fill("wide");
    await page.getByLabel("width").blur();
    await shows(".named .error", "expected number, received string");
    expect(await page.getByLabel("width").getAttribute("aria-invalid")).toBe("true");
    await page.getByLabel("width").fill("100");
    await page.getByRole("checkbox", { name: "fit" }).check();
    await page.getByRole("combobox", { name: "fit" }).selectOption({ label: '"contain"' });
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".run .value", "5 bytes at 100, contain");
    expect(await page.locator(".error:visible").count()).toBe(0);
  });

  test("says all that is wrong, each next to its field", async () => {
    await open("/function/main/gallery/resize");
    await page.getByLabel("width").fill("wide");
    await page.getByRole("checkbox", { name: "focus" }).check();
    await page.getByRole("combobox", { name: "focus, type" }).selectOption({ index: 0 });
    await page.getByLabel("x", { exact: true }).fill("left");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".named .error", "expected Uint8Array, received undefined");
    await shows(".named .error", "expected number, received string");
    expect(await page.locator(".error:visible").count()).toBe(3);
    expect(await page.locator("[aria-invalid]").count()).toBe(3);
  });

  test("shows a class, and calls a method on the instance that the form constructs", async () => {
    await open("/app/main/gallery");
    await page.getByRole("link", { name: "Reader", exact: true }).click();
    await shows("h1", "Reader");
    const main = await text(page.locator("main"));
    expect(main).toContain('new Reader(language: "en" | "fr", options?: ReaderOptions)');
    expect(main).toContain("Reads texts in one language.");
    expect(main).toContain("What it was written in.");
    await page.getByRole("link", { name: "Reader.read", exact: true }).click();
    await page.waitForURL("**/function/main/gallery/Reader.read");
    const made = page.getByRole("group", { name: "new Reader" });
    await made.getByRole("combobox", { name: "language" }).selectOption({ label: '"fr"' });
    await made.getByRole("checkbox", { name: "options" }).check();
    await made.getByRole("checkbox", { name: "skip" }).check();
    await made.getByRole("textbox", { name: "skip" }).fill("x");
    await page.getByRole("textbox", { name: "text" }).fill("xabc");
    const call = page.getByRole("button", { name: "Call", exact: true });
    await call.click();
    await shows(".run .value", "{ language: 'fr', letters: 3, read: 1 }");
    await call.click();
    await shows(".run .value", "{ language: 'fr', letters: 3, read: 2 }");
    await made.getByRole("textbox", { name: "skip" }).fill("y");
    await call.click();
    await shows(".run .value", "{ language: 'fr', letters: 4, read: 1 }");
    // Two instances are warm, of which the form is about one.
    await page.locator(".legend.runners strong", { hasText: "2" }).waitFor();
    await page.getByRole("combobox", { name: "Of" }).selectOption({ label: "the instance in the form" });
    await page.locator(".legend.runners strong", { hasText: "1" }).waitFor();
  });

  test("yields from a generator method, checks the constructor's arguments too, and lists calls of a class", async () => {
    await open("/function/main/gallery/Reader.words");
    const made = page.getByRole("group", { name: "new Reader" });
    await made.getByRole("checkbox", { name: "options" }).check();
    await made.getByRole("button", { name: "as JSON" }).click();
    await made.getByLabel("options as JSON").fill('{"skip": 1}');
    await page.getByRole("textbox", { name: "text" }).fill("a b");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows("fieldset .error", "expected string, received number");
    await made.getByLabel("options as JSON").fill("{}");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".yields", "en:b");
    await open("/calls?app=gallery&environment=main&function=Reader");
    await shows("tbody", "gallery/Reader.words");
    await open("/class/main/gallery/Nothing");
    await shows("h1", "has no class Nothing");
  });

  test("tells calls that failed from those that ended well", async () => {
    await farcall(["call", 'gallery/Reader("en").read', ""], { env: home.env });
    await open("/calls?state=failed&function=Reader&app=gallery");
    await shows("tbody .badge", "failed");
    expect(await page.locator("tbody tr").count()).toBe(1);
    await page.locator("tbody a").first().click();
    await shows(".facts .badge", "failed");
    await shows(".failure", "there is nothing to read");
    await shows("main", "Reader constructed with");
    await shows("main .value", "'en'");
  });

  test("opens in another tab, but not for a browser without the token", async () => {
    const tab = await page.context().newPage();
    await tab.goto(`${ui.origin}/app/main/gallery`);
    await tab.locator("h1", { hasText: "gallery" }).waitFor(patient);
    await tab.close();
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(`${ui.origin}/app/main/gallery`);
    await stranger.locator("h1", { hasText: "open the URL that farcall ui has printed" }).waitFor(patient);
    // The address alone changes.
    await stranger.goto(`${ui.origin}/app/main/gallery#token=${ui.token}`);
    await stranger.locator("h1", { hasText: "gallery" }).waitFor(patient);
    await stranger.context().close();
  });

  test("shows what user code throws with the author's lines, and the call among the recent ones", async () => {
    await open("/function/main/gallery/resize");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from("1") });
    await page.getByLabel("width").fill("-1");
    await page.keyboard.press("Enter");
    await shows(".failure", "RangeError a width of -1 leaves nothing");
    expect(await text(page.locator(".failure .stack"))).toMatch(/at resize \(.*gallery\.ts:\d+:\d+\)/);
    await page.getByRole("link", { name: "Its page" }).click();
    await shows("h1", "fc-");
    await shows(".input", "width: -1");
    await shows(".failure", "RangeError");
  });

  test("fills in nested values, lists, sets, maps and dates, and the rest", async () => {
    await open("/function/main/gallery/walk");
    await page.getByLabel("name", { exact: true }).fill("root");
    await page.getByLabel("created").fill("2026-01-31T12:00");
    const add = (of: string) => page.getByRole("group", { name: of, exact: true }).getByRole("button").last().click();
    await add("tags");
    await page.getByLabel("tags, item 1").fill("red");
    await add("sizes");
    await page.getByLabel("sizes, key 1").fill("a");
    await page.getByLabel("sizes, value 1").fill("12345678901234567890");
    await add("names");
    await page.getByLabel("names, item 1").fill("first");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".run .value", "Set(1) { 'red' }");
    const result = await text(page.locator(".run .value"));
    expect(result).toContain("Map(1) { 'a' => 12345678901234567890n }");
    expect(result).toMatch(/created: 2026-01-\d\dT/);
    expect(result).toContain("names: [ 'first' ]");
  });

  test("takes JSON where a form is too much, and says when it is not valid", async () => {
    await open("/function/main/gallery/walk");
    await page.getByRole("button", { name: "as JSON" }).first().click();
    const editor = page.getByLabel("folder as JSON");
    await editor.fill("{ no");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".error", "this is not valid JSON");
    await editor.fill('{"name": "j", "created": "2026-01-31", "children": [], "tags": ["x"], "sizes": {"a": "7"}}');
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".run .value", "Map(1) { 'a' => 7n }");
  });

  test("lists what a generator yields", async () => {
    await open("/function/main/gallery/countTo");
    await page.getByLabel("limit").fill("40");
    await page.keyboard.press("Enter");
    await shows(".run .facts", "40 values");
    expect(await page.locator(".yields li").count()).toBe(40);
  });

  test("draws a call while it runs, with its progress and logs, and cancels it", async () => {
    await open("/function/main/gallery/wait");
    await page.getByLabel("text").fill("Godot");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await shows(".run .facts", "half of Godot");
    await page.locator(".legend.running strong", { hasText: "1" }).waitFor();
    expect(await page.locator("path.running").getAttribute("d")).toMatch(/^M/);
    await page.locator("summary").click();
    await shows(".log", "waiting for Godot");
    await page.getByRole("button", { name: "Cancel" }).click();
    await shows(".run .facts", "Cancelled");
    await page.locator(".legend.running strong", { hasText: "0" }).waitFor();
  });

  test("keeps a spawned call's page up to date until it is cancelled there", async () => {
    await open("/function/main/gallery/wait");
    await page.getByLabel("text").fill("rain");
    await page.getByRole("button", { name: "Spawn" }).click();
    await shows("h1", "fc-");
    await shows(".badge", "running");
    await shows(".progress", "half of rain");
    await shows(".log", "waiting for rain");
    await page.getByRole("button", { name: "Cancel" }).click();
    await shows(".badge", "cancelled");
    await open("/calls?state=cancelled");
    await shows("tbody", "gallery/wait");
    await page.getByRole("button", { name: "running" }).click();
    await shows(".empty", "No call is running.");
  });

  test("cuts large values, and shows all of one that is asked for", async () => {
    await open("/function/main/gallery/large");
    await page.getByLabel("rows").fill("3000");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Show all" }).click();
    await shows(".run pre", "2999");
  });

  test("compares two versions: who can go on calling, and the text", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ui-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, "node_modules"));
    await symlink(repo, join(folder, "node_modules/farcall"), "dir");
    const changed = join(folder, "gallery.ts");
    const source = (await readFile(gallery, "utf8"))
      .replace("limit: number)", "limit: number, from: number)")
      .replace("Gives back a lot", "Gives back very much");
    await writeFile(changed, source);
    await open("/app/main/gallery");
    const { code, stderr } = await farcall(["deploy", changed, "--take-over"], { env: home.env });
    expect(code, stderr).toBe(0);
    // The list follows the deploy by itself.
    await page.getByRole("link", { name: "What changed since version 1" }).click();
    await shows(".change", "breaking");
    const main = await text(page.locator("main"));
    expect(main).toContain("1 breaking change");
    expect(main).toContain("parameter 'from' was added");
    expect(await text(page.locator(".plus").first())).toContain("from: number");
    expect(await text(page.locator(".change", { hasText: "large" }))).toContain("docs only");
  });

  test("follows a deploy that happens while the page begins to listen", async () => {
    const engine = localEngine(home.url);
    const deploy = (doc: string) => {
      const request = deployment("swift", "export const a = app.function(function a() {});", { a: {} });
      return engine.deployer!.deploy({ ...request, manifest: { ...request.manifest, doc } });
    };
    await deploy("The first.");
    const other = await page.context().newPage();
    await other.goto(`${ui.origin}/app/main/swift`);
    // This page begins to listen when the other one knows already.
    let listens = Promise.resolve();
    await page.route("**/api/live**", async (route) => {
      await listens;
      await route.continue();
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    listens = promise;
    await open("/app/main/swift");
    await shows("main", "The first.");
    await deploy("The second.");
    await other.locator("main").filter({ hasText: "The second." }).waitFor();
    resolve();
    await shows("main", "The second.");
    await page.unroute("**/api/live**");
    await other.close();
    await engine.close();
  });

  test("shows what a hostile engine says as text, and runs none of it", async () => {
    const evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    const engine = localEngine(home.url);
    const request = deployment("hostile", "export const a = app.function(function a() {});", { a: {} });
    const [fn] = request.manifest.functions;
    Object.assign(fn!, { doc: evil, source: { file: evil, line: 1 } });
    fn!.parameters = [{ name: "x", type: { kind: "literal", value: evil }, doc: evil }];
    await engine.deployer!.deploy({ ...request, manifest: { ...request.manifest, doc: evil } });
    await engine.close();
    for (const path of ["/app/main/hostile", "/function/main/hostile/a", `/app/main/${encodeURIComponent(evil)}`]) {
      await open(path);
      await shows("main", "<img src=x");
      expect(await page.locator("main img, main script").count()).toBe(0);
      expect(await page.title()).not.toContain("owned");
    }
  });

  test("says when the host has stopped, does not start it by looking, and goes on with the next one", async () => {
    await open("/function/main/gallery/countTo");
    await shows("#engine", "Live");
    await stopHost(home.url, { force: true });
    await shows("#engine", "Host stopped");
    await page.waitForTimeout(3_000);
    await expect(stat(join(home.path, "host.sock"))).rejects.toThrow("ENOENT");
    await farcall(["call", "gallery/large", "1"], { env: home.env });
    await shows("#engine", "Live");
  });

  test("lets an idle host stop by itself while somebody looks", async () => {
    await using other = await temporaryHome({ FARCALL_HOST_IDLE_MS: "200" });
    const idle = await startUi(other);
    onTestFinished(async () => {
      await idle.stop();
    });
    const watcher = await (await browser.newContext()).newPage();
    await watcher.goto(idle.url);
    await watcher.locator("#engine", { hasText: "Live" }).waitFor(patient);
    await watcher.locator("#engine", { hasText: "Idle" }).waitFor(patient);
    await watcher.locator("#engine", { hasText: "Host stopped" }).waitFor(patient);
    await expect(stat(join(other.path, "host.sock"))).rejects.toThrow("ENOENT");
    await watcher.close();
  });

  test("fits a narrow screen, and has no barriers that axe-core knows, in light and dark", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const engine = localEngine(home.url);
    const [call] = await engine.monitor!.calls({ app: "gallery", limit: 1 });
    await engine.close();
    for (const path of [
      "/",
      "/app/main/gallery",
      "/function/main/gallery/walk",
      "/function/main/gallery/Reader.read",
      "/class/main/gallery/Reader",
      "/nothing",
      "/calls",
      `/call/${call!.id}`,
      "/diff/main/gallery?from=1&to=2",
    ]) {
      await open(path);
      expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBeLessThanOrEqual(360);
      await page.evaluate(axe.source);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await page.evaluate<AxeResults>("axe.run()");
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
        expect(found, `${path}, ${colorScheme}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme: null });
  });

  test("says what to do where nothing is deployed", async () => {
    await using other = await temporaryHome();
    const empty = await startUi(other);
    onTestFinished(async () => {
      await empty.stop();
    });
    const fresh = await (await browser.newContext()).newPage();
    await fresh.goto(empty.url);
    await fresh.locator(".empty", { hasText: "farcall deploy FILE" }).waitFor(patient);
    await empty.stop();
    await fresh.locator("#engine", { hasText: "Disconnected" }).waitFor(patient);
    await fresh.close();
  });
});
