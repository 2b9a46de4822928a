/** The introspection's only door: TypeScript source to schema. */
export { type IntrospectedApp, type IntrospectOptions, introspect } from "./introspect.ts";
export { formatProblem, IntrospectionError, type Problem, type RefusalReason } from "./problems.ts";
