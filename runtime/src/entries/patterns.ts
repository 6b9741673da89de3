// `@protobff/runtime/patterns`: the functions of expressions with regular expressions. No other entry point loads RE2.
export * as patterns from "../expressions/patterns.ts";
