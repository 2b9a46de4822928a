/**
 * The minimal cost of introspection: a ts-morph program, in which every type reachable from every function is looked at once
 * through the compiler's checker, without keeping anything. With `errors`, it also collects type errors, as a deploy has to.
 */
import { Project, SyntaxKind, ts } from "ts-morph";

const [tsconfig, entry, mode] = process.argv.slice(2);
const project = new Project({ tsConfigFilePath: tsconfig!, skipAddingFilesFromTsConfig: true });
project.addSourceFileAtPath(entry!);
project.resolveSourceFileDependencies();
const program = project.getProgram().compilerObject;
const checker = program.getTypeChecker();
const seen = new Set<ts.Type>();
let functions = 0;
let docs = 0;

function visit(type: ts.Type): void {
  if (seen.has(type)) return;
  seen.add(type);
  if (type.isUnionOrIntersection()) for (const member of type.types) visit(member);
  else if (checker.isArrayType(type) || checker.isTupleType(type))
    for (const each of checker.getTypeArguments(type as ts.TypeReference)) visit(each);
  else if (type.flags & ts.TypeFlags.Object) {
    for (const property of checker.getPropertiesOfType(type)) {
      docs += property.getDocumentationComment(checker).length;
      visit(checker.getTypeOfSymbol(property));
    }
  }
}

for (const file of project.getSourceFiles()) {
  if (file.isDeclarationFile() || file.isInNodeModules()) continue;
  if (mode === "errors" && program.getSemanticDiagnostics(file.compilerNode).length > 0)
    throw new Error(file.getFilePath());
  for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
    if (call.getExpression().getText() !== "app.function") continue;
    const signature = checker.getTypeAtLocation(call.compilerNode.arguments[0]!).getCallSignatures()[0]!;
    functions++;
    for (const parameter of signature.getParameters()) visit(checker.getTypeOfSymbol(parameter));
    visit(checker.getAwaitedType(signature.getReturnType())!);
    docs += signature.getDocumentationComment(checker).length;
  }
}
console.log(JSON.stringify({ functions, types: seen.size, docs }));
