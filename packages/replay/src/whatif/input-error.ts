/** A fault of the input, for its author: the place, the fault, and the remedy. */
export class InputError extends Error {
  override readonly name = "InputError";
}
