/** Prints a schema as TypeScript, and as a page for people. */
export { constructorText, exportMarkdown, reachable, signatureText } from "./markdown.ts";
export {
  printCall,
  printCallParameters,
  printDeclaration,
  printDocumented,
  printIndex,
  printParameters,
  printProperty,
  printPropertyName,
  printString,
  printTuple,
  printType,
  printTypeParameters,
} from "./print.ts";
