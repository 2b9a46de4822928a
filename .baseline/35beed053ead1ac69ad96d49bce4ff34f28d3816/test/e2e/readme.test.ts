/** The README is true: its tour is followed block by block in an empty folder, and its wrong call fails as described. */
import { test } from "vitest";
import { follow } from "../support/page.ts";

test("the README's tour works as it stands", () => follow("README.md"));
