/** What the page of `farcall ui` shows of calls and their values, in a real browser, against a real host. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import axe, { type AxeResults } from "axe-core";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { farcall } from "../support/cli.ts";
import { type TemporaryHome, temporaryHome } from "../support/home.ts";
import { CONDITION_MS, patient } from "../support/limits.ts";
import { missingBrowser, startBrowser } from "./browser.ts";
import { type StartedUi, startUi } from "./start.ts";

const apps = resolve(import.meta.dirname, "../support/apps");

describe.skipIf(missingBrowser !== "")("the page", () => {
  let home: TemporaryHome;
  let ui: StartedUi;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    home = await temporaryHome();
    for (const name of ["pictures.ts", "arithmetic.ts"]) {
      const { code, stderr } = await farcall(["deploy", resolve(apps, name)], { env: home.env });
      expect(code, stderr).toBe(0);
    }
    ui = await startUi(home);
    browser = await startBrowser();
    const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
    page = await context.newPage();
    page.setDefaultTimeout(CONDITION_MS);
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(ui.url);
  });

  afterAll(async () => {
    await browser?.close();
    await ui?.stop();
    await home?.[Symbol.asyncDispose]();
    expect(errors).toEqual([]);
  });

  const open = async (path: string): Promise<void> => {
    await page.goto(ui.origin + path);
    await page.locator("h1").waitFor();
  };
  const text = async (where: Locator): Promise<string> => (await where.textContent()) ?? "";
  const shows = (where: string, what: string | RegExp) =>
    page.locator(where).filter({ hasText: what }).first().waitFor();
  const call = (...args: string[]) => farcall(["call", ...args], { env: home.env });
  const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
  const copied = () => page.evaluate("navigator.clipboard.readText()");

  test("says of each app how many calls run, how many have failed and when the last one was", async () => {
    const { stdout } = await farcall(["apps", "--json"], { env: home.env });
    const names = (JSON.parse(stdout) as { app: string }[]).map(({ app }) => app);
    expect(names).toContain("pictures");
    const other = names.find((name) => name !== "pictures")!;
    await call("pictures/order", "3");
    await call("pictures/order", "4");
    await open("/");
    const row = (app: string) => page.locator("tr", { has: page.getByRole("link", { name: app, exact: true }) });
    await row("pictures").getByRole("link", { name: "1 of 2" }).waitFor();
    await row("pictures").locator("time").first().waitFor();
    await row(other).filter({ hasText: "never" }).waitFor();
    await row("pictures").getByRole("link", { name: "1 of 2" }).click();
    await shows("tbody", "order 3 has no address");
    expect(await page.locator("tbody tr").count()).toBe(1);
  });

  test("lists calls of an app and of a function, with what the failed ones said after how many attempts", async () => {
    await call("pictures/pixel");
    await open("/calls");
    await page.getByRole("combobox", { name: "App" }).selectOption({ label: "pictures" });
    await page.getByRole("combobox", { name: "Function" }).selectOption({ label: "order" });
    await page.waitForURL(/function=order/);
    await page.locator("tbody tr", { hasText: "pictures/pixel" }).waitFor({ state: "detached" });
    await press("failed");
    await shows(".message", "Error: order 3 has no address · 2 attempts");
    expect(await page.locator("tbody tr").count()).toBe(1);
    // The address has it all.
    await page.reload();
    await shows(".message", "Error: order 3 has no address · 2 attempts");
    expect(await page.getByRole("combobox", { name: "Function" }).inputValue()).toBe("order");
    expect(await page.locator("tbody tr").count()).toBe(1);
    await page.getByRole("combobox", { name: "App" }).selectOption({ label: "all apps" });
    await page.waitForURL(/\/calls\?state=failed$/);
  });

  test("names calls by how they end, in which calls of one program differ", async () => {
    await open("/calls?app=pictures&environment=main");
    const link = page.locator("tbody td:first-child a").first();
    const id = (await link.getAttribute("title"))!;
    expect(await text(link)).toMatch(/…[0-9a-f]{6}$/);
    expect(id.endsWith((await text(link)).slice(-6))).toBe(true);
  });

  test("shows the failed ones of many inputs alone, with their attempts", async () => {
    const lines = Array.from({ length: 60 }, (_, number) => number).join("\n");
    await farcall(["map", "pictures/order", "--keep-going"], { env: home.env, input: lines });
    await open("/calls?app=pictures&environment=main&function=order&state=failed");
    await page.locator("tbody tr", { hasText: "6 of 60 failed" }).locator("a").first().click();
    await shows(".tabs a", "all 60 inputs");
    await page.getByRole("link", { name: "failed only (6)" }).click();
    await page.waitForURL(/\?failed$/);
    // The address changes before the list does.
    await expect.poll(() => page.locator(".one-of-many").count()).toBe(6);
    expect(await page.locator(".one-of-many .failure").count()).toBe(6);
    await shows(".one-of-many h3", "Result after 2 attempts");
    await shows(".one-of-many", "order 53 has no address");
  });

  test("runs a call again with the same arguments", async () => {
    await call("pictures/draw", "dog", "-1");
    await open("/calls?app=pictures&environment=main&function=draw");
    await page.locator("tbody a").first().click();
    await shows(".arguments dt", "what");
    await shows(".arguments dt", "width");
    await shows(".arguments dd", "'dog'");
    await press("Run again");
    await shows(".run .failure", "a width of -1 leaves nothing");
    await page.getByRole("link", { name: "Its page" }).click();
    await shows(".arguments dd", "'dog'");
    await shows(".input > div > .failure", "a width of -1 leaves nothing");
  });

  test("runs a generator again, line by line", async () => {
    await call("pictures/count", "3");
    await open("/calls?app=pictures&environment=main&function=count");
    await page.locator("tbody a").first().click();
    await shows(".yields li", "n: 3");
    await press("Run again");
    await shows(".run .facts", "3 values");
    expect(await page.locator(".run .yields li").count()).toBe(3);
  });

  test("shows pictures, also inside of values, and saves bytes", async () => {
    await open("/function/main/pictures/pixel");
    await press("Call");
    const image = page.locator(".run .picture img");
    await image.waitFor();
    expect(await image.evaluate((element: { naturalWidth: number }) => element.naturalWidth)).toBe(1);
    const [download] = await Promise.all([page.waitForEvent("download"), press("Download")]);
    expect(download.suggestedFilename()).toBe("result.png");
    const saved = await readFile(await download.path());
    expect([saved.length, saved.subarray(1, 4).toString()]).toEqual([70, "PNG"]);
    await call("pictures/draw", "cat");
    await open("/calls?app=pictures&environment=main&function=draw");
    await page.locator("tbody a").first().click();
    await page.locator(".picture img").waitFor();
    await shows(".tools", "picture 70 bytes, image/png");
    await shows(".value", /picture: Uint8Array\(70\) 89 50 4e 47/);
  });

  test("copies strings as they are", async () => {
    await open("/function/main/pictures/order");
    await page.getByLabel("number").fill("1");
    await page.keyboard.press("Enter");
    await shows(".run pre", "order 1");
    await page.locator(".run").getByRole("button", { name: "Copy" }).click();
    await shows(".run button", "Copied");
    expect(await copied()).toBe("order 1");
    await call("pictures/draw", 'a "cat"');
    await open("/calls?app=pictures&environment=main&function=draw");
    await page.locator("tbody a").first().click();
    await shows(".arguments dd", `'a "cat"'`);
    await page.locator(".arguments").getByRole("button", { name: "Copy" }).first().click();
    await shows(".arguments button", "Copied");
    expect(await copied()).toBe('a "cat"');
  });

  test("gives each value of a generator a line, follows the newest, and stays where somebody looks", async () => {
    await open("/function/main/pictures/count");
    await page.getByLabel("limit").fill("700");
    await page.keyboard.press("Enter");
    await shows(".run .facts", "700 values");
    const list = page.locator(".yields");
    expect(await list.locator("li").count()).toBe(500);
    await shows(".run", "The newest 500 are shown.");
    const heights = await list.evaluate((element: HTMLElementLike) =>
      [...element.children].map((each) => Math.round(each.getBoundingClientRect().height)),
    );
    expect(Math.max(...heights)).toBeLessThan(30);
    const fromEnd = (element: HTMLElementLike) => element.scrollHeight - element.scrollTop - element.clientHeight;
    expect(await list.evaluate(fromEnd)).toBeLessThan(2);
    // What does not fit on its line opens.
    await list.locator("summary").last().click();
    await shows(".yields .value", "n: 700");
  });

  test("draws the last two minutes from the start, also of what nobody has looked at", async () => {
    await call("pictures/pixel");
    await expect
      .poll(async () => {
        const fresh = await startUi(home);
        const tab = await (await browser.newContext()).newPage();
        try {
          await tab.goto(fresh.url);
          await tab.goto(`${fresh.origin}/function/main/pictures/pixel`);
          const line = tab.locator("path.runners");
          await tab.locator(".legend.runners strong", { hasText: /\d/ }).waitFor();
          return Number(/^M([\d.]+)/.exec((await line.getAttribute("d")) ?? "")?.[1]);
        } finally {
          await tab.context().close();
          await fresh.stop();
        }
      }, patient)
      // Of 600: what begins further left was there before the page was.
      .toBeLessThan(590);
  });

  test("fills in defaults as their authors wrote them, and sends those that somebody touches", async () => {
    await open("/function/main/pictures/draw");
    expect(await page.getByRole("textbox", { name: "width" }).inputValue()).toBe("320");
    expect(await page.getByRole("combobox", { name: "style" }).locator("option:checked").textContent()).toBe('"fine"');
    // What is no literal stays words.
    await shows(".head", "optional, Date.now() when left out");
    await page.getByRole("textbox", { name: "what" }).fill("cat");
    await press("Call");
    await shows(".run .value", "cat, fine, 320, red, true");
    await page.getByRole("textbox", { name: "width" }).fill("99");
    expect(await page.getByRole("checkbox", { name: "width" }).isChecked()).toBe(true);
    expect(await page.getByRole("checkbox", { name: "style" }).isChecked()).toBe(false);
    await page.getByRole("checkbox", { name: "options" }).check();
    expect(await page.getByRole("textbox", { name: "colour" }).inputValue()).toBe("red");
    // The property's own default is what its documentation says.
    await shows(".nested .head", 'optional, "blue" when left out');
    await page.getByRole("textbox", { name: "colour" }).fill("blue");
    await press("Call");
    await shows(".run .value", "cat, fine, 99, blue, true");
    await page.getByRole("checkbox", { name: "width" }).uncheck();
    expect(await page.getByRole("textbox", { name: "width" }).inputValue()).toBe("320");
  });

  test("sets documentation with its tags, lists and links, and that of properties", async () => {
    await open("/function/main/pictures/draw");
    await shows(".doc li", "think");
    const tags = page.locator("dl.tags");
    expect(await tags.locator("dt").allTextContents()).toEqual(["Returns", "Throws", "Example", "See"]);
    await shows("dl.tags strong", "PNG");
    await shows("dl.tags dd code", "RangeError");
    await shows("dl.tags dd pre", 'await draw.remote("cat", 320);');
    expect(await tags.getByRole("link", { name: "order" }).getAttribute("href")).toBe("/function/main/pictures/order");
    await shows("section.type pre", " * Name of a colour.");
    expect(await page.locator("main").textContent()).not.toContain("@returns");
    await open("/function/main/pictures/order");
    await shows("dl.tags dt.warn", "Deprecated");
  });

  test("says when a schedule runs next", async () => {
    await open("/app/main/pictures");
    await shows(".schedules tr", /winter0 3 1 1 \* \(UTC\)in \d+ days?, .* 1 Jan/);
    await open("/function/main/pictures/winter");
    await shows(".details", /next runin \d+ days?, /);
  });

  test("fits a narrow screen, and has no barriers that axe-core knows, in light and dark", async () => {
    const newest = async (query: string) => {
      await open(`/calls?app=pictures&environment=main&${query}`);
      await page.locator("tbody a").first().waitFor();
      return (await page.locator("tbody a").first().getAttribute("href"))!;
    };
    const many = await newest("function=order&state=failed");
    const paths = [
      "/",
      "/calls",
      "/app/main/pictures",
      "/function/main/pictures/draw",
      many,
      `${many}?failed`,
      await newest("function=count"),
      await newest("function=draw"),
    ];
    await page.setViewportSize({ width: 360, height: 740 });
    for (const path of paths) {
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
  });
});

/** Tests are compiled without the browser's types. */
interface HTMLElementLike {
  readonly children: Iterable<{ getBoundingClientRect(): { height: number } }>;
  readonly scrollHeight: number;
  readonly scrollTop: number;
  readonly clientHeight: number;
}
