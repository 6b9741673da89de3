// All functions of expressions, for tests that run printed expressions without the imports of a file.
export * from "@protobff/expressions";
export * from "@protobff/expressions/patterns";
