/** What python/farcall sends along with a deploy, for apps that are declared in TypeScript. */
import { deflateSync } from "node:zlib";
import { cls } from "./fake/index.ts";

/** The classes by which farcall's Python helper sends types, as it writes them. */
export function carriers(published: object) {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
  const bytes = deflateSync(JSON.stringify(published));
  let letters = "";
  for (let start = 0; start < bytes.length; start += 4) {
    const group = Buffer.concat([bytes.subarray(start, start + 4), Buffer.alloc(4)]).readUInt32BE(0);
    const digits = [85 ** 4, 85 ** 3, 85 ** 2, 85, 1].map((power) => alphabet[Math.floor(group / power) % 85]);
    letters += digits.join("").slice(0, Math.min(4, bytes.length - start) + 1);
  }
  const size = Math.ceil(letters.length / 12);
  const parts = Array.from({ length: 12 }, (_, at) => letters.slice(at * size, (at + 1) * size));
  // Eleven parts and more, so that part10 comes after part9; and two classes.
  const part = (from: number, to: number) =>
    cls(
      {},
      {
        parameters: Object.fromEntries(
          parts.slice(from, to).map((text, at) => [`part${at}`, { type: "str", default: text }]),
        ),
      },
    );
  return { FarcallManifest: part(0, 11), FarcallManifest1: part(11, 12) };
}

/** An app's types in the helper's format. */
export const published = (functions: object[], more = {}) =>
  carriers({ farcall: 1, declarations: [], functions, ...more });
