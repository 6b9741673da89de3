// What the compositions of one response share: what they read, and how the response may have failed as a whole.

import type { CelInput } from "@bufbuild/cel";
import type { JsonValue, Message } from "@bufbuild/protobuf";
import type { Composition } from "./compose.ts";
import type { Converter } from "./convert.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Why } from "./result.ts";
import type { Program } from "./static.ts";
import type { Cause, Entry } from "./taint.ts";

/** A status that clients may get. `message` undefined: the fixed text of the code. */
export interface Status {
  readonly code: number;
  readonly message: string | undefined;
  /** Says that the client should not try again soon (`grpc-retry-pushback-ms: -1`). */
  readonly pushback?: boolean;
}
/** A failed step: what a client gets when it is critical, and what a Degradation says when it is not. */
export interface Failure {
  readonly status: Status;
  readonly cause: Cause;
  readonly why?: Why | undefined;
}
/** A call that had to be made and is not in the log. */
export interface Missing {
  readonly method: string;
  readonly request: string;
  /** It has side effects. */
  readonly effect: boolean;
}
export interface HeldGuard {
  /** Position in the `let` of the root message; undefined in a message further in. */
  readonly rank: number | undefined;
  readonly status: Status;
}

/** What a function throws that refuses the request. */
export class Refused extends Error {
  readonly status: Status;
  constructor(code: number, message: string | undefined) {
    super(message);
    this.status = { code, message };
  }
}

/**
 * What stands for a function of the user, by what it supplies ("b.v1.Card", "b.v1.Card.badge"): from arguments and steps to a value
 * of the field, or the message in JSON; undefined: none. It may throw.
 */
export type Resolvers = ReadonlyMap<
  string,
  (
    args: Readonly<Record<string, CelInput>>,
    steps: Readonly<Record<string, CelInput>>,
  ) => CelInput | JsonValue | undefined
>;

/** Whose steps that are computed from what is there at once count as that, for guards that read them. */
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
  /** Guards that hold. */
  readonly guards: HeldGuard[];
  /** Guards of the root message that rest on calls never made. */
  readonly pending: { readonly rank: number; readonly missing: readonly Missing[] }[];
  /** A guard of what the service composes holds, perhaps before the root message has begun. */
  early: boolean;
  /** `on_error.fail`. */
  readonly refusals: Status[];
  /** What was touched inside each composed message. */
  readonly touched: Map<Message, readonly Entry[]>;
  /** Paths of the fields of each composed message that may come later, those of messages in it among them. */
  readonly parts: Map<Message, readonly string[]>;
}
