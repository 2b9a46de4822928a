/** A real headless Chromium. In CI it has to be there; elsewhere tests say what to install and are skipped. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { patient } from "../support/limits.ts";

const PROGRAMS = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const program = PROGRAMS.find((path) => path !== undefined && existsSync(path));

/** Empty when there is a browser. */
export const missingBrowser =
  program === undefined ? "no Chromium here: apt-get install chromium, or set CHROMIUM" : "";

export async function startBrowser(): Promise<Browser> {
  if (program === undefined) throw new Error(missingBrowser);
  return chromium.launch({
    executablePath: program,
    ...patient,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
