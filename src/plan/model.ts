/** The plan: the stubs to write, as data. Templates get these objects, plugins may change them. */
import type { FunctionMode } from "../schema/index.ts";
import type { ClassPlan } from "./class-plan.ts";
import type { DeclarationPlan } from "./declarations.ts";
import type { ErrorPlan } from "./errors.ts";
import type { StubType } from "./stub-type.ts";

export interface Plan {
  apps: AppPlan[];
  index: IndexPlan;
}

/** A file of stubs. */
export interface AppPlan {
  /** Without extension; also what the index calls it: `images`. */
  file: string;
  app: string;
  environment: string;
  /** The engine that stubs remember; if absent, they choose one when they run. */
  engine?: string;
  doc?: string;
  /** The package that the file imports: `farcall`, or `@farcall/client`. */
  runtime: string;
  /** Names from that package that the file needs, with the names that they have in it. */
  imports: ImportPlan[];
  /** Name of the const that makes the stubs. */
  factory: string;
  /** The name of `stubs` in this file. */
  stubs: string;
  /** Functions that call the factory's methods, for those that make most of the stubs. */
  makers: MakerPlan[];
  declarations: DeclarationPlan[];
  /** The classes of declared errors, each after the one that it extends. */
  errors: ErrorPlan[];
  /** The functions, without the methods of classes. */
  functions: StubPlan[];
  classes: ClassPlan[];
}

export interface ImportPlan {
  name: string;
  local: string;
  typeOnly: boolean;
}

/** A function, since the compiler does not check whether it was reassigned: for a const it follows the whole file's flow from each stub. */
export interface MakerPlan {
  name: string;
  /** The factory's method that it calls. */
  make: "function" | "generator";
  /** Whether some of its stubs use argument names that differ from the deployed ones. */
  named?: true;
}

export interface StubPlan extends StubType {
  /** The deployed name. */
  name: string;
  /** The const's name, which differs from `exported` if that is a reserved word. */
  local: string;
  exported: string;
  /** The function that makes it in TypeScript output: the name of a maker, or the factory's method itself. */
  maker: string;
  mode: FunctionMode;
  signature: string;
  /** As code: maps the argument names that the stub shows to the deployed ones, where they differ. */
  names?: string;
  doc?: string;
  /** `src/app.ts:12`, relative to the author's project. */
  source?: string;
}

export interface IndexPlan {
  /** Extension of the specifiers: `.ts`, `.js` or nothing. */
  extension: string;
  exports: IndexExport[];
  /** The package whose `interface Apps` the index extends. */
  runtime: string;
  /** Entries for that package's `interface Apps`, which gives `Function.fromName` its types. */
  apps: {
    app: string;
    file: string /** Present when names were changed: deployed to exported. */;
    functions?: { name: string; exported: string }[];
  }[];
}

export interface IndexExport {
  file: string;
  namespace: string;
  /** The namespace's name in the index, which differs from `namespace` if that is a reserved word. */
  local: string;
  flat: boolean;
}
