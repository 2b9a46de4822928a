/** Each page of the documentation is followed block by block, and its links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FakeModal, modalPython, pythonMissing } from "../engines/modal/fake/index.ts";
import { follow, removePlaces } from "../support/page.ts";

const repo = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(repo, path), "utf8");

/** What a reader has installed to follow them all. */
const packages = [
  "typescript",
  "@types/node",
  "@biomejs/biome",
  "vite",
  "esbuild",
  "modal",
  "@opentelemetry/api",
  "@opentelemetry/sdk-node",
];

const pages = readdirSync(join(repo, "docs")).filter((name) => name.endsWith(".md"));

/** Not pages of figures: what they show is tested where it is made. */
const elsewhere = ["benchmarks.md", "type-fidelity.md"];
/** Where Modal is. */
const MODAL = "modal.md";
const followed = pages.filter(
  (name) => name !== MODAL && !elsewhere.includes(name) && read(`docs/${name}`).includes("```"),
);

test.concurrent.each(followed)("docs/%s works as it stands", (name) => follow(`docs/${name}`, packages));

test.skipIf(!modalPython)(`docs/${MODAL} works as it stands, on a fake Modal${pythonMissing}`, async () => {
  await using fake = await FakeModal.start({ python: modalPython! });
  await follow(`docs/${MODAL}`, packages, {
    ...fake.env,
    MODAL_IMAGE_BUILDER_VERSION: "2025.06",
    PATH: dirname(modalPython!),
  });
});

afterAll(removePlaces);

describe("links", () => {
  test.each(["README.md", "examples/cluster/README.md", ...pages.map((name) => `docs/${name}`)])(
    "of %s lead to a page and a heading",
    (page) => {
      const links = [...read(page).matchAll(/\]\(((?!https?:)[^)]+)\)/g)].map(([, target = ""]) => target);
      const broken = links.filter((link) => {
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? page : join(dirname(page), path);
        if (!existsSync(join(repo, target))) return true;
        return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
      });
      expect(broken).toEqual([]);
    },
  );

  test("of the index reach every page", () => {
    const index = read("docs/index.md");
    expect(pages.filter((name) => name !== "index.md" && !index.includes(`(${name})`))).toEqual([]);
  });
});

/** As the usual renderers make them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test("docs/errors.md has a section for each code, and for nothing else", () => {
  const sources = readdirSync(join(repo, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const codes = sources.flatMap((name) =>
    [...read(join("src", name)).matchAll(/(?:super\(\s*|code = )"(FARCALL_\w+)"/g)].map(([, code = ""]) => code),
  );
  const sections = [...read("docs/errors.md").matchAll(/^## (FARCALL_\w+)$/gm)].map(([, code = ""]) => code);
  expect(sections.sort()).toEqual([...new Set(codes)].sort());
});
