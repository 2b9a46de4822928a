import fc from "fast-check";
import { expect, test } from "vitest";
import { CallHeaderReader, CallHeaderWriter } from "../../src/wire/call-header.ts";

const id = fc.string({ unit: "grapheme-ascii", maxLength: 255 });
/** Few, so that many follow one of their own kind; one is longer than what is remembered. */
const kinds = [{}, { method: "remote" }, { method: "remotf" }, { text: "é\u{1f600}" }, { text: "x".repeat(10_000) }];

const ways = ["write", "writeKind"] as const;

test("callHeaders are read as they were written, whatever came before", () => {
  const announcement = fc.tuple(id, fc.nat(kinds.length - 1), fc.constantFrom(...ways));
  fc.assert(
    fc.property(fc.array(announcement, { maxLength: 20 }), (announced) => {
      const writer = new CallHeaderWriter();
      const reader = new CallHeaderReader((rest) => rest);
      // As out of a socket: the payload's memory is used again.
      const chunk = Buffer.alloc(16_384);
      for (const [id, kind, way] of announced) {
        const payload = chunk.subarray(0, writer[way](id, kinds[kind]!).copy(chunk));
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

test("a kind is said once, and again when too many others have come since", () => {
  const writer = new CallHeaderWriter();
  const reader = new CallHeaderReader((rest) => rest);
  const many = Array.from({ length: 250 }, (_, kind) => ({ kind }));
  for (const kind of [...many, ...many.slice(-100), ...many]) {
    expect(reader.read(writer.writeKind("fc-1", kind))).toEqual({ id: "fc-1", rest: kind });
  }
  const last = many.at(-1)!;
  expect(writer.writeKind("fc-1", last)).toHaveLength(1 + "fc-1".length + 1);
  expect(reader.read(writer.writeKind("fc-1", last)).rest).toBe(reader.read(writer.writeKind("fc-2", last)).rest);
});

test("bytes that are no callHeader throw", () => {
  const reader = new CallHeaderReader((rest) => rest);
  for (const bytes of ["", "\u0005fc", "\u0000{", "\u0001x", "\u0001x\u0007", "\u0001x\u0007{"])
    expect(() => reader.read(Buffer.from(bytes))).toThrow(SyntaxError);
});
