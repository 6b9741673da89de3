import { Failure } from "../failure.ts";

/** Returns the value, or throws the failure in its place. */
export function unlessFailure<Value>(value: Value | Failure): Value {
  if (value instanceof Failure) throw value;
  return value;
}
