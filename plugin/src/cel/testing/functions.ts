// All functions of expressions, for tests that run printed expressions without the imports of a file.
export * from "../../../../runtime/src/expressions/index.ts";
export * from "../../../../runtime/src/expressions/patterns.ts";
