/**
 * An error of a CEL expression at run time: division by zero, overflow, no such key … (CEL spec, "Runtime Errors").
 *
 * @example
 * throw new ExpressionError("division by zero");
 */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}
