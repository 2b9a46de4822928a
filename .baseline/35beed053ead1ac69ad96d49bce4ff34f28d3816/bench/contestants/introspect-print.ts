/**
 * The usual way to read types with ts-morph: its wrappers, and each parameter, result and property as printed by the
 * compiler.
 */
import { Project, SyntaxKind, type Type, TypeFormatFlags } from "ts-morph";

const [tsconfig, entry] = process.argv.slice(2);
const FLAGS = TypeFormatFlags.NoTruncation | TypeFormatFlags.UseFullyQualifiedType | TypeFormatFlags.InTypeAlias;
const project = new Project({ tsConfigFilePath: tsconfig!, skipAddingFilesFromTsConfig: true });
project.addSourceFileAtPath(entry!);
project.resolveSourceFileDependencies();
const texts: string[] = [];
let functions = 0;

for (const file of project.getSourceFiles()) {
  if (file.isDeclarationFile() || file.isInNodeModules()) continue;
  for (const call of file.getDescendantsOfKind(SyntaxKind.CallExpression)) {
    if (call.getExpression().getText() !== "app.function") continue;
    functions++;
    const signature = call.getArguments()[0]!.getType().getCallSignatures()[0]!;
    const seen = new Set<string>();
    const print = (type: Type): void => {
      const text = type.getText(call, FLAGS);
      texts.push(text);
      if (seen.has(text)) return;
      seen.add(text);
      if (type.isArray()) print(type.getArrayElementTypeOrThrow());
      else if (type.isUnion()) for (const member of type.getUnionTypes()) print(member);
      else if (type.isObject()) for (const property of type.getProperties()) print(property.getTypeAtLocation(call));
    };
    for (const parameter of signature.getParameters()) print(parameter.getTypeAtLocation(call));
    const [result] = signature.getReturnType().getTypeArguments();
    if (result) print(result);
  }
}
console.log(JSON.stringify({ functions, texts: texts.length }));
