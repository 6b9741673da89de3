// Result of a step, an argument or an expression.

import { type CelInput, isCelMap } from "@bufbuild/cel";
import type { DescEnum } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { fieldValue, hasPresence } from "./cel/field-value.ts";
import { Invalid, NoCounterpart } from "./invalid.ts";
import type { Failure, Missing } from "./response.ts";
import { heldIn, meets } from "./taints/inside.ts";
import { invalid, type Taint } from "./taints/taint.ts";

const INVALID_ARGUMENT = 3;
export const INTERNAL = 13;

/** Result of a step, an argument or an expression. */
export type Result =
  | Value
  | { readonly state: "absent"; readonly taint: readonly Taint[]; readonly why?: Why | undefined }
  /** It failed by itself; any of these. */
  | { readonly state: "failed"; readonly failures: readonly Failure[]; readonly taint: readonly Taint[] }
  /** The step depends on a critical failure, or on calls that were never made. */
  | { readonly state: "dead"; readonly missing: readonly Missing[] };
/** The value of `failure(step)`. */
export interface Why {
  readonly code: number;
  readonly message: string;
  /** The message is the runtime's own. */
  readonly unsaid?: boolean | undefined;
  readonly reason: number;
  readonly upstream: string;
}
export interface Value {
  readonly state: "value";
  /** The failure that this value replaces. */
  readonly why?: Why | undefined;
  readonly value: CelInput;
  /** Headers and trailers of the answer that this value is. */
  readonly beside?: Beside | undefined;
  readonly taint: readonly Taint[];
  /** Taint inside composed messages in the value. */
  readonly inner: readonly Taint[];
  /** The enum that the value's ints belong to. */
  readonly enum: () => DescEnum | undefined;
  /** The expression is a pure path with something unset on the way. */
  readonly unset: boolean;
}
/** Headers and trailers of an answer, by lower-case names. */
export interface Beside {
  readonly header: Readonly<Record<string, string>>;
  readonly trailer: Readonly<Record<string, string>>;
}
export const dead: Result = { state: "dead", missing: [] };
const noEnum = () => undefined;

export function value(of: CelInput, taint: readonly Taint[] = [], more: Partial<Value> = {}): Value {
  return { state: "value", value: of, taint, inner: [], enum: noEnum, unset: false, ...more };
}
/** The client sent more items than allowed; its status names the limit. */
export class TooManyItems extends Invalid {}

export function failed(error: unknown, taint: readonly Taint[] = []): Result {
  if (!(error instanceof Invalid)) throw error;
  const isTooMany = error instanceof TooManyItems;
  const code = isTooMany || error instanceof NoCounterpart ? INVALID_ARGUMENT : INTERNAL;
  const message = isTooMany ? error.message : undefined;
  return {
    state: "failed",
    failures: [{ status: { code, message }, cause: invalid, why: { code, message: "", ...invalid } }],
    taint,
  };
}

/** `args`: the request of an rpc, or the arguments that a composing step gave. */
export type Args =
  | { readonly kind: "request"; readonly message: ReflectMessage }
  | { readonly kind: "given"; readonly names: ReadonlyMap<string, Result>; readonly others: Result };
export type Locals = ReadonlyMap<string, Result>;
export const noLocals: Locals = new Map();

export function tainted(result: Result, taint: readonly Taint[]): Result {
  return result.state === "dead" || taint.length === 0 ? result : { ...result, taint: [...taint, ...result.taint] };
}

/** Returns the members of a `spread`: every field of a message, or every member of composed arguments. */
export function members(from: Value): [string, Value][] {
  const read = (name: string): Taint[] =>
    from.inner.filter((taint) => meets(from.value, { path: [name], how: "presence" }, taint));
  if (isReflectMessage(from.value)) {
    const message = from.value;
    return message.desc.fields.map((field) => [
      field.name,
      value(fieldValue(message, field), [...from.taint, ...read(field.name)], {
        inner: heldIn(fieldValue(message, field), from.inner),
        enum: () => field.enum,
        unset: hasPresence(field) && !message.isSet(field),
      }),
    ]);
  }
  if (isCelMap(from.value))
    return [...from.value].map(([name, of]) => [
      String(name),
      value(of, from.taint, { inner: heldIn(of, from.inner) }),
    ]);
  return [];
}
