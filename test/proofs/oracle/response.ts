// State that the compositions of one response share: their inputs, and failures of the whole response.

import type { CelInput } from "@bufbuild/cel";
import type { JsonValue, Message } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Converter } from "./cel/convert.ts";
import type { Composition } from "./compose.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Why } from "./result.ts";
import type { Program } from "./static.ts";
import type { Cause, Entry } from "./taints/taint.ts";

/** A status that clients may get. `message` undefined: the fixed text of the code. */
export interface Status {
  readonly code: number;
  readonly message: string | undefined;
  /** True if the client should not retry soon (`grpc-retry-pushback-ms: -1`). */
  readonly pushback?: boolean;
}
/** A failed step: the client's status if the step is critical, and the cause in a Degradation if it is not. */
export interface Failure {
  readonly status: Status;
  readonly cause: Cause;
  readonly why?: Why | undefined;
}
/** A call that had to be made and is not in the log. */
export interface Missing {
  readonly method: string;
  readonly request: string;
  /** True if the call has side effects. */
  readonly effect: boolean;
}
export interface HeldGuard {
  /** Position in the `let` of the root message; undefined in a message further in. */
  readonly rank: number | undefined;
  readonly status: Status;
}

/** Error of a function that refuses the request. */
export class Refused extends Error {
  readonly status: Status;
  constructor(code: number, message: string | undefined) {
    super(message);
    this.status = { code, message };
  }
}

/**
 * Replacements for functions of the user, by the name of the supplied element ("b.v1.Card", "b.v1.Card.badge"). Each
 * maps arguments and steps to a value of the field, or to the message in JSON; undefined: none. It may throw.
 */
export type Resolvers = ReadonlyMap<
  string,
  (
    args: Readonly<Record<string, CelInput>>,
    steps: Readonly<Record<string, CelInput>>,
  ) => CelInput | JsonValue | undefined
>;

/** Place of the steps that guards treat as immediate if they are computed from immediately available values. */
export type Computed = "service" | "all" | "none";

export interface Response {
  readonly computed: Computed;
  readonly resolvers: Resolvers;
  readonly program: Program;
  readonly converter: Converter;
  readonly outcomes: Outcomes;
  /** The steps of the service, once they have been looked at. */
  shared: Composition | undefined;
  /** Bindings that every expression sees. */
  readonly globals: Readonly<Record<string, CelInput>>;
  /** The identified caller; undefined: an anonymous one. */
  readonly principal: ReflectMessage | undefined;
  /** Guards that hold. */
  readonly guards: HeldGuard[];
  /** Guards of the root message that depend on calls never made. */
  readonly pending: { readonly rank: number; readonly missing: readonly Missing[] }[];
  /** A guard of what the service composes holds, perhaps before the root message has begun. */
  early: boolean;
  /** `on_error.fail`. */
  readonly refusals: Status[];
  /** Taint inside each composed message. */
  readonly touched: Map<Message, readonly Entry[]>;
  /** Paths of the fields of each composed message that may come later, those of messages in it among them. */
  readonly parts: Map<Message, readonly string[]>;
}
