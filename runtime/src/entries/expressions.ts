// `@protobff/runtime/expressions`: the functions that printed expressions call, by the name `cel`, and the wrapper of the
// user's functions.
export * as cel from "@protobff/expressions";
export { type CustomFunction, customFunctions } from "@protobff/expressions/custom-functions";
export { ExpressionError } from "@protobff/expressions/error";
