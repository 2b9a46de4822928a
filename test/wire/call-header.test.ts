import fc from "fast-check";
import { expect, test } from "vitest";
import { CallHeaderReader, CallHeaderWriter } from "../../src/wire/call-header.ts";

const id = fc.string({ unit: "grapheme-ascii", maxLength: 255 });
/** Few, so that many follow one of their own kind; one is longer than what is remembered. */
const kinds = [{}, { method: "remote" }, { method: "remotf" }, { text: "é\u{1f600}" }, { text: "x".repeat(10_000) }];

test("callHeaders are read as they were written, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(id, fc.nat(kinds.length - 1)), { maxLength: 20 }), (announced) => {
      const writer = new CallHeaderWriter();
      const reader = new CallHeaderReader((rest) => rest);
      // As out of a socket: the payload's memory is used again.
      const chunk = Buffer.alloc(16_384);
      for (const [id, kind] of announced) {
        const payload = chunk.subarray(0, writer.write(id, kinds[kind]!).copy(chunk));
        expect(reader.read(payload)).toEqual({ id, rest: kinds[kind] });
      }
    }),
  );
});

test("what repeats is checked once, and read as the same object", () => {
  const kind = { method: "remote" };
  const checked: unknown[] = [];
  const writer = new CallHeaderWriter();
  const reader = new CallHeaderReader((rest) => checked.push(rest) && rest);
  const [first, second] = ["fc-1", "fc-2"].map((id) => reader.read(writer.write(id, kind)));
  expect(second!.rest).toBe(first!.rest);
  expect(checked).toEqual([kind]);
});

test("bytes that are no callHeader throw", () => {
  const reader = new CallHeaderReader((rest) => rest);
  for (const bytes of ["", "\u0005fc", "\u0000{", "\u0001x"])
    expect(() => reader.read(Buffer.from(bytes))).toThrow(SyntaxError);
});
