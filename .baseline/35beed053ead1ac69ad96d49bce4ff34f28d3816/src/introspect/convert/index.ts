/** Types to schema: every visitor at one conversion. */
import { Conversion, type ConversionOptions } from "./conversion.ts";
import { convertCustom, isTemporal } from "./custom-types.ts";
import { convertDeclaration } from "./declarations.ts";
import { convertErrorClass } from "./error-classes.ts";
import { convertNode } from "./nodes.ts";
import { convertType } from "./types.ts";

export { refuseUnfit, unfitParameters } from "./bounds.ts";
export type { Conversion } from "./conversion.ts";
export { hasTypeParameters, isErrorClass } from "./error-classes.ts";
export { ITERATED } from "./globals.ts";
export { PRINT_FLAGS } from "./open-types.ts";
export { hasUndefined, isExact, orUndefined } from "./optional.ts";
export {
  completeCompared,
  type DeclarationRecord,
  type FoundCodec,
  isUncrossable,
  type Owner,
  type Refusal,
  reached,
  refusalsOf,
} from "./owners.ts";
export { globalOrigin, isOpen } from "./symbols.ts";
export { convertTypeParameters } from "./type-parameters.ts";

export function createConversion(options: ConversionOptions): Conversion {
  return new Conversion(options, {
    node: convertNode,
    type: convertType,
    declaration: convertDeclaration,
    error: convertErrorClass,
    custom: convertCustom,
    isTemporal,
  });
}
