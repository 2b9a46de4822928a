/** The README is true: its tour is followed block by block in an empty folder, its wrong call is wrong in the way it says. */
import { test } from "vitest";
import { follow } from "../support/page.ts";

test("the README's tour works as it stands", () => follow("README.md"));
