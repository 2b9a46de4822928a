/**
 * For the build: compiles the shipped templates to plain functions. They are Handlebars templates, and for a project with its own
 * templates, Handlebars runs all of them; but its runtime makes objects and closures for each `if` and `each`, which for a thousand
 * functions is more work than the rest of generating. This supports only the constructs that the shipped templates use: any other
 * construct stops the build.
 */
import handlebars from "handlebars";
import { helpers } from "../../plan/index.ts";
import { SHIPPED_TEMPLATES } from "../shipped.ts";
import { readTemplates, type TemplateSource } from "./templates.ts";

/** The source of the module that templates.ts looks for next to itself. */
export async function precompileTemplates(): Promise<string> {
  return compileTemplates(await readTemplates(SHIPPED_TEMPLATES));
}

/** Throws on a Handlebars construct that it does not support. */
export function compileTemplates(sources: readonly TemplateSource[]): string {
  const entries = sources.map(({ name, text }) => {
    const body = new TemplateCompiler(name).program(handlebars.parse(text));
    return `  ${JSON.stringify(name)}: (c0, h, o) => {\n    let t = "";\n${body}    return t;\n  },\n`;
  });
  return `const text = (value) => value ?? "";
const holds = (value) => Boolean(value) && !(Array.isArray(value) && value.length === 0);
const templates = {
${entries.join("")}};
export default templates;
`;
}

/** Writes the statements of one template: `c0` is its context, `c1` the item of an `each` in it, and so on. */
class TemplateCompiler {
  readonly #name: string;
  #depth = 0;

  constructor(name: string) {
    this.#name = name;
  }

  program(program: hbs.AST.Program): string {
    return program.body.map((statement) => this.#statement(statement)).join("");
  }

  #statement(statement: hbs.AST.Statement): string {
    switch (statement.type) {
      case "ContentStatement": {
        const { value } = statement as hbs.AST.ContentStatement;
        return value === "" ? "" : `t += ${JSON.stringify(value)};\n`;
      }
      case "CommentStatement":
        return "";
      case "MustacheStatement": {
        const { path, params, hash } = statement as hbs.AST.MustacheStatement;
        return `t += text(${this.#value(path, params, hash)});\n`;
      }
      case "PartialStatement":
        return this.#partial(statement as hbs.AST.PartialStatement);
      case "BlockStatement":
        return this.#block(statement as hbs.AST.BlockStatement);
      default:
        return this.#refuse(statement.type);
    }
  }

  #partial({ name, params, hash, indent }: hbs.AST.PartialStatement & { indent?: string }): string {
    if (name.type !== "PathExpression" || params.length > 1 || indent)
      return this.#refuse("a partial that is computed or indented");
    const context = params[0] ? this.#expression(params[0]) : `c${this.#depth}`;
    const given = hash ? `{ ...${context}, ${this.#pairs(hash)} }` : context;
    return `t += templates[${JSON.stringify(name.original)}](${given}, h, o);\n`;
  }

  #block({ path, params, program, inverse }: hbs.AST.BlockStatement): string {
    const [param] = params;
    const kind = (path as hbs.AST.PathExpression).original;
    if (!param || params.length > 1) return this.#refuse(`#${kind} of ${params.length} values`);
    const value = this.#expression(param);
    const otherwise = inverse ? ` else {\n${this.program(inverse)}}` : "";
    if (kind === "if" || kind === "unless") {
      return `if (${kind === "if" ? "" : "!"}holds(${value})) {\n${this.program(program)}}${otherwise}\n`;
    }
    if (kind !== "each") return this.#refuse(`#${kind}`);
    const depth = ++this.#depth;
    const body = this.program(program);
    this.#depth--;
    return `if (holds(${value})) {\nlet i${depth} = 0;\nfor (const c${depth} of ${value}) {\n${body}i${depth}++;\n}\n}${otherwise}\n`;
  }

  #value(path: hbs.AST.Expression, params: hbs.AST.Expression[] = [], hash?: hbs.AST.Hash): string {
    const name = (path as hbs.AST.PathExpression).original;
    if (Object.hasOwn(helpers, name)) {
      const options = hash?.pairs.length ? `{ hash: { ${this.#pairs(hash)} }, data: o.data }` : "o";
      return `h.${name}(${[...params.map((param) => this.#expression(param)), options].join(", ")})`;
    }
    return params.length > 0 || hash?.pairs.length ? this.#refuse(`the helper ${name}`) : this.#expression(path);
  }

  #expression(expression: hbs.AST.Expression): string {
    switch (expression.type) {
      case "StringLiteral":
      case "NumberLiteral":
      case "BooleanLiteral":
        return JSON.stringify((expression as hbs.AST.StringLiteral).value);
      case "SubExpression": {
        const { path, params, hash } = expression as hbs.AST.SubExpression;
        return this.#value(path as hbs.AST.Expression, params, hash);
      }
      case "PathExpression": {
        const { data, depth, parts, original } = expression as hbs.AST.PathExpression;
        if (original === "@first" && this.#depth > 0) return `(i${this.#depth} === 0)`;
        if (data || depth > this.#depth) return this.#refuse(original);
        return [`c${this.#depth - depth}`, ...parts.map((part) => `[${JSON.stringify(part)}]`)].join("?.");
      }
      default:
        return this.#refuse(expression.type);
    }
  }

  #pairs(hash: hbs.AST.Hash): string {
    return hash.pairs.map(({ key, value }) => `${JSON.stringify(key)}: ${this.#expression(value)}`).join(", ");
  }

  #refuse(what: string): never {
    throw new Error(
      `the template ${this.#name} has ${what}, which src/codegen/templates/precompile.ts does not support`,
    );
  }
}
