// `@protobff/runtime/expressions`: the functions that printed expressions call, by the name `cel`, and the wrapper of the
// user's functions.

export { type CustomFunction, customFunctions } from "../expressions/custom-functions.ts";
export * as cel from "../expressions/index.ts";
export { ExpressionError } from "../expressions/value/error.ts";
