/** Values against the types of a schema: what a container asks of arguments before a function sees them. */
export {
  type ArgumentProblem,
  type ArgumentValidator,
  type Callables,
  compileValidator,
  type PrintType,
} from "./validate.ts";
