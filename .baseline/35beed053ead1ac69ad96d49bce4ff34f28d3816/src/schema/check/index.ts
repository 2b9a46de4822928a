/** Checks values against a schema's types: a container checks arguments with it before it calls a function. */
export {
  type ArgumentProblem,
  type ArgumentValidator,
  type Callables,
  compileValidator,
  type PrintType,
} from "./validate.ts";
