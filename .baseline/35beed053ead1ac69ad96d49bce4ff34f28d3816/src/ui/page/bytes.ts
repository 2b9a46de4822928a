/** Binary values: to save, and to look at when they are pictures. */

import { count } from "../../text/units.ts";
import type { ShownBytes } from "../api.ts";
import { type Child, h } from "./dom.ts";

/** Larger pictures are shown when somebody asks. */
const SHOWN_BYTES = 4 * 1024 * 1024;

/** Fetches what was not sent along; `path` as ShownBytes has it. */
export type FetchBytes = (path: string) => Promise<Blob>;

/** Undefined when there is no way to get at them. */
export function bytesBlock(bytes: ShownBytes, fetchBytes: FetchBytes | undefined): Element | undefined {
  if (bytes.data === undefined && !fetchBytes) return undefined;
  const { path, size, type, extension } = bytes;
  const blob = async (): Promise<Blob> => {
    if (bytes.data === undefined && fetchBytes) return new Blob([await fetchBytes(path)], { type });
    return new Blob([fromBase64(bytes.data ?? "")], { type });
  };
  const problem = h("span", { class: "bad" });
  const attempt = async (use: (url: string) => void): Promise<void> => {
    try {
      use(URL.createObjectURL(await blob()));
    } catch (error) {
      problem.textContent = (error as Error).message;
    }
  };
  const name = `${nameOf(path)}.${extension}`;
  const download = h("button", { type: "button", class: "quiet" }, "Download");
  download.addEventListener(
    "click",
    () =>
      void attempt((url) => {
        h("a", { href: url, download: name }).click();
        // The browser has begun to read it by then.
        setTimeout(() => URL.revokeObjectURL(url), 60_000);
      }),
  );
  const isPicture = type.startsWith("image/");
  const picture = h("div", { class: "picture" });
  const show = (): void =>
    void attempt((url) => {
      const image = h("img", {
        src: url,
        alt: path === "" ? "The picture" : `The picture at ${path.replace(/^\./, "")}`,
      });
      const free = (): void => URL.revokeObjectURL(url);
      image.addEventListener("load", free);
      image.addEventListener("error", () => {
        free();
        picture.replaceChildren(h("p", { class: "dim" }, "It begins like a picture, but is none that can be shown."));
      });
      picture.replaceChildren(image);
    });
  const ask = h("button", { type: "button", class: "quiet" }, "Show the picture");
  ask.addEventListener("click", () => {
    ask.remove();
    show();
  });
  const shownAtOnce = isPicture && size <= SHOWN_BYTES;
  if (shownAtOnce) show();
  return h(
    "div",
    { class: "bytes" },
    isPicture && picture,
    h("div", { class: "tools" }, about(bytes), download, isPicture && !shownAtOnce && ask, problem),
  );
}

function about({ path, size, type }: ShownBytes): Child {
  const kind = type === "application/octet-stream" ? "" : `, ${type}`;
  return h(
    "span",
    { class: "dim" },
    path !== "" && [h("code", {}, path.replace(/^\./, "")), " "],
    `${sizeText(size)}${kind}`,
  );
}

function sizeText(bytes: number): string {
  if (bytes < 10_000) return count(bytes, "byte");
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function nameOf(path: string): string {
  return path.replaceAll(/[^\w]+/g, "-").replaceAll(/^-|-$/g, "") || "result";
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
