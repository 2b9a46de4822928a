/** The fake Modal, for tests: a server to start, functions to declare, faults to inject, and the real Python where it is. */
export { type ContainerCall, cls, type FunctionOptions, fn, generator, generatorMethod, method } from "./declare.ts";
export { FakeModal, type FakeOptions } from "./fake.ts";
export { modal, modalDeploy, modalPython, pythonMissing } from "./python.ts";
export { PythonError } from "./python-values.ts";
export { CallType, Format, FunctionType, Invocation, Outcome, Type } from "./values.ts";
