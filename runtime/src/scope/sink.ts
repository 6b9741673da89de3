import type { Failure } from "../failure.ts";
import type { Cause } from "./causes.ts";

/** Where a call's end goes; a promise's resolvers fit. */
export interface Sink<T> {
  /** @param cause why it is not what it would be: a value past its time */
  resolve(value: T, cause?: Cause): void;
  reject(failure: Failure): void;
}
