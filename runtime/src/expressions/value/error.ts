/**
 * An error of a CEL expression at run time: division by zero, overflow, no such key … (CEL spec, "Runtime Errors").
 * Logs and traces contain its text. The text therefore contains no value: a value may be sensitive.
 *
 * @example
 * throw new ExpressionError("division by zero");
 */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}
