/** Prints a schema as TypeScript, and as a page for people. */
export { printPropertyName, printString } from "./literals.ts";
export { constructorText, exportMarkdown, reachable, signatureText } from "./markdown.ts";
export { printCallParameters, printParameters, printTuple } from "./parameters.ts";
export {
  printCall,
  printDeclaration,
  printDocumented,
  printIndex,
  printProperty,
  printType,
  printTypeParameters,
} from "./print.ts";
