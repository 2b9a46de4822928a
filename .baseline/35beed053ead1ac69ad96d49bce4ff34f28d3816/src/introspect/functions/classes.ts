/**
 * One registered class: its constructor, and each public method as a function of its own. Fields, getters and what is private,
 * protected or static stay where instances are; `enter` and `exit` are called by farcall itself.
 */
import { ts } from "ts-morph";
import { isName, RESERVED_METHODS } from "../../runtime/index.ts";
import { type ClassSchema, constructorOf, type Declaration, signatureOf } from "../../schema/index.ts";
import type { Conversion } from "../convert/index.ts";
import { type Fault, placeOf, type Report } from "../problems.ts";
import {
  type AppProgram,
  classBehind,
  docOf,
  docOfHolder,
  type Registration,
  splitFunctionDoc,
} from "../source/index.ts";
import { convertCallable, type ExportedNames, type FoundFunction, nameOf, reporter } from "./functions.ts";
import { convertSignature, type SignatureOwner } from "./signatures.ts";

export interface FoundClass {
  name: string;
  call: ts.CallExpression;
  /** The constructor's. */
  owners: SignatureOwner[];
  /** The schema, once declarations have their names. */
  finish(declarations: readonly Declaration[]): ClassSchema;
}

const LIFECYCLE: ReadonlySet<string> = new Set(["enter", "exit"]);

export function convertClass(
  cx: Conversion,
  app: AppProgram,
  registration: Registration,
  exported: ExportedNames,
  faults: Fault[],
): { of: FoundClass; methods: FoundFunction[] } | undefined {
  const { checker, root } = app;
  const { call, options } = registration;
  const report = reporter(app, call, faults);
  const node = registration.fn && classBehind(checker, registration.fn);
  if (!node) {
    report(
      call,
      "the value registered here is not known to be a class",
      "Pass a class that is written in the source: app.class(class Model { … }).",
    );
    return undefined;
  }
  const name = nameOf(checker, registration, node, exported, report);
  if (name === undefined || !canHaveInstances(node, name, report)) return undefined;

  const { symbol } = node as unknown as { symbol: ts.Symbol }; // every class has one
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const signatures = checker.getTypeOfSymbol(symbol).getConstructSignatures();
  const comment = docOf(node) ?? docOfHolder(call.parent);
  const classDoc = comment === undefined ? undefined : splitFunctionDoc(comment);
  // The class's comment may describe the constructor's parameters; its text is about the class.
  const forConstructor = signatures.length === 1 && classDoc ? { ...classDoc, text: undefined } : undefined;
  const converted = signatures.map((signature) =>
    convertSignature(cx, signature, name, "constructor", forConstructor, call),
  );
  const constructors = converted.map(({ signature: { parameters, doc } }) =>
    doc === undefined ? { parameters } : { parameters, doc },
  );
  const owner = { name, constructors };
  const { file, line } = placeOf(root, app.isOwn(node.getSourceFile()) ? node : call);
  const methods = publicMethods(checker, type, name, report).map(({ symbol, behind }) => {
    const signatures = checker.getTypeOfSymbol(symbol).getCallSignatures();
    return convertCallable(
      cx,
      app,
      { name: `${name}.${symbol.name}`, signatures, behind, call, options, owner },
      report,
    );
  });
  if (methods.length === 0) {
    report(node, `class ${name} has no public method that could be called`, "Give it one, or register a function.");
  }
  const of: FoundClass = {
    name,
    call,
    owners: converted.flatMap(({ owners }) => owners),
    finish(declarations) {
      const schema: ClassSchema = { ...owner, source: { file, line }, signature: "" };
      if (classDoc?.text !== undefined) schema.doc = classDoc.text;
      schema.signature = signatureOf(constructorOf(owner), declarations);
      return schema;
    },
  };
  return { of, methods };
}

function canHaveInstances(node: ts.ClassLikeDeclaration, name: string, report: Report): boolean {
  const { typeParameters } = node;
  if (typeParameters?.length) {
    report(
      typeParameters[0]!,
      `class ${name} has type parameters, which callers could not choose for an instance`,
      "Give them to its methods, or register a class that extends it with known types.",
    );
    return false;
  }
  if (hasModifier(node, ts.ModifierFlags.Abstract)) {
    report(node, `class ${name} is abstract and cannot be constructed`, "Register a class that extends it.");
    return false;
  }
  return true;
}

function hasModifier(node: ts.Declaration, flags: ts.ModifierFlags): boolean {
  return (ts.getCombinedModifierFlags(node) & flags) !== 0;
}

interface Method {
  symbol: ts.Symbol;
  behind: ts.MethodDeclaration;
}

/** Those that are inherited too, in the order of the source. */
function publicMethods(checker: ts.TypeChecker, type: ts.Type, name: string, report: Report): Method[] {
  const methods: Method[] = [];
  for (const symbol of checker.getPropertiesOfType(type)) {
    const declarations = symbol.declarations ?? [];
    // With its body, where it is overloaded.
    const node = declarations.findLast((each) => ts.isClassElement(each)) ?? symbol.valueDeclaration;
    if (!node || isHidden(node)) continue;
    const path = `${name}.${symbol.name}`;
    if (LIFECYCLE.has(symbol.name)) refuseArguments(node, path, report);
    else if (ts.isMethodDeclaration(node)) {
      if (node.questionToken || isSymbolNamed(symbol)) continue;
      if (RESERVED_METHODS.has(symbol.name)) {
        report(
          node,
          `${path} cannot be called remotely: the language itself calls methods of this name`,
          "Give it another name, or make it private.",
        );
      } else if (isName(symbol.name)) methods.push({ symbol, behind: node });
      else report(node, `${path}: this cannot be the name of a function`, "Use letters, digits and _.");
    } else if (checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0) {
      report(
        node,
        `${path} is a field that holds a function; only methods can be called remotely`,
        `Write it as a method, ${symbol.name}(…) { … }, or make it private.`,
      );
    }
  }
  return methods;
}

/** Not there for callers: private in either way, or protected. */
function isHidden(node: ts.Declaration): boolean {
  const { name } = node as ts.NamedDeclaration;
  if (name && ts.isPrivateIdentifier(name)) return true;
  return hasModifier(node, ts.ModifierFlags.Private | ts.ModifierFlags.Protected);
}

/** `[Symbol.dispose]() { … }`: called by the language, never by name. */
function isSymbolNamed({ escapedName }: ts.Symbol): boolean {
  return String(escapedName).startsWith("__@");
}

function refuseArguments(node: ts.Declaration, path: string, report: Report): void {
  if (!ts.isMethodDeclaration(node)) {
    report(node, `${path} is not a method`, "Write it as a method: farcall calls it when an instance starts or stops.");
  } else if (node.parameters.some((parameter) => !parameter.questionToken && !parameter.initializer)) {
    report(node, `${path} takes arguments but is called without any`, "Give what it needs to the constructor.");
  }
}
