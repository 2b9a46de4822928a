/** The page on NATS, in a real browser: the workers that are there. */
import { expect, test } from "vitest";
import { listWorkers } from "../../src/engines/nats/index.ts";
import { serveUi } from "../../src/ui/index.ts";
import { Cluster } from "../engines/nats/cluster.ts";
import { LEFT_OUT } from "../engines/nats/server.ts";
import { CONDITION_MS, patient } from "../support/limits.ts";
import { missingBrowser, startBrowser } from "./browser.ts";

const leftOut = LEFT_OUT ?? missingBrowser;

test.skipIf(leftOut !== "")(`workers come and go on the page${leftOut ? ` (${leftOut})` : ""}`, async () => {
  await using cluster = await Cluster.start({ workers: 2 });
  const engine = cluster.engine();
  const ui = await serveUi({ engine, workers: () => listWorkers(cluster.url) });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(CONDITION_MS);
    await page.goto(ui.url);
    await page.getByRole("link", { name: "Workers" }).click();
    const processes = page.locator('td[data-title="process"]');
    await expect
      .poll(async () => (await processes.allTextContents()).sort(), patient)
      .toEqual(cluster.workers.map(({ pid }) => String(pid)).sort());
    const { pid } = cluster.workers[0]!;
    await cluster.workers[1]!.kill("SIGTERM");
    await expect.poll(() => processes.allTextContents(), patient).toEqual([String(pid)]);
    await cluster.workers[0]!.kill("SIGTERM");
    await page.getByText("No worker is there.").waitFor();
  } finally {
    await browser.close();
    await ui.close();
    await engine.close();
  }
});
