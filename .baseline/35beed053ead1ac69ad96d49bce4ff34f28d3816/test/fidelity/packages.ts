/** The packages that fidelity is measured against: popular, in different styles, and written without farcall in mind. */
export interface FidelityPackage {
  name: string;
  /** The style that it represents. */
  style: string;
  /** The modules whose exported functions are taken. Default: the package's main one. */
  modules?: readonly string[];
}

export const PACKAGES: readonly FidelityPackage[] = [
  { name: "date-fns", style: "dates; generic in the date's class" },
  { name: "remeda", style: "functional helpers; overloads and computed types" },
  { name: "es-toolkit", style: "functional helpers; generics" },
  { name: "valibot", style: "validation; schemas that are objects with methods" },
  { name: "change-case", style: "strings" },
  { name: "culori", style: "colours; types from @types", modules: ["culori"] },
  { name: "yaml", style: "parser; classes with behaviour" },
  { name: "jsonc-parser", style: "parser; enums and namespaces" },
  { name: "simple-statistics", style: "maths" },
];
