import type { Failure } from "../failure.ts";
import type { Cause } from "./causes.ts";

/** Receiver of a call's result; a promise's resolvers fit. */
export interface Sink<T> {
  /** @param cause why the value differs from the intended one: it is past its time */
  resolve(value: T, cause?: Cause): void;
  reject(failure: Failure): void;
}
