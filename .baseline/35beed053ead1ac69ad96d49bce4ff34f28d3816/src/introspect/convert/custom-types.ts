/** Types that cross by a codec: those of the app's own codecs, and Temporal's. */
import type { ts } from "ts-morph";
import { parentOf } from "../source/index.ts";
import type { Conversion } from "./conversion.ts";
import { authoredName, docOfSymbol } from "./declarations.ts";
import type { DeclarationRecord } from "./owners.ts";
import { globalOrigin } from "./symbols.ts";

const TEMPORAL: ReadonlySet<string> = new Set([
  "Instant",
  "ZonedDateTime",
  "PlainDate",
  "PlainDateTime",
  "PlainTime",
  "PlainYearMonth",
  "PlainMonthDay",
  "Duration",
]);

/** Whether a type is one of Temporal's, as the compiler's library declares them. */
export function isTemporal(cx: Conversion, symbol: ts.Symbol): boolean {
  return TEMPORAL.has(symbol.name) && parentOf(symbol)?.name === "Temporal" && globalOrigin(cx, symbol) !== undefined;
}

export function convertCustom(cx: Conversion, record: DeclarationRecord): void {
  const { symbol } = record;
  record.name = authoredName(symbol);
  const found = cx.codecs.get(symbol);
  if (!found) {
    const type = { kind: "primitive", name: "string" } as const;
    record.schema = { kind: "alias", name: record.name, type, codec: { name: `Temporal.${symbol.name}` } };
    return;
  }
  const { name, encoded, from, exported, site } = found;
  cx.own(record, site, new Set(), () => {
    const doc = docOfSymbol(symbol)?.text;
    const type = cx.type(encoded, site);
    record.schema = {
      kind: "alias",
      name: record.name,
      ...(doc !== undefined && { doc }),
      type,
      codec: { name, from, exported },
    };
  });
}
