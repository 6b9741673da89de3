// What emitted expressions are made of, so that one printer works for real files, tests and conformance runs.
import type { DescEnum, DescExtension, DescMessage } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import type { Node } from "../../types/model/expression.ts";
import type { CelType, Overload, Proto, Variable } from "../../types/model/type.ts";

/** Where printed code gets its names from. */
export interface Names {
  /** How a variable is written where the expression stands, e.g. `usage`, `args.workspaceId`, `cx.now()`, `env.DEFAULT_QUERY`. For "headers": an expression giving the request context (`cx`), used as `cx.header("x")`. */
  readonly variable: (variable: Variable) => Printable;
  /** A value exported by @protobff/runtime. */
  readonly runtime: (name: string) => Printable;
  /** protobuf-es's schema constant, e.g. `UserSchema`. */
  readonly schema: (desc: DescMessage | DescEnum) => Printable;
  /** The TypeScript type of a message or an enum; for enums also the value (`Status`). */
  readonly shape: (desc: DescMessage | DescEnum) => Printable;
  /** The messages that a google.protobuf.Any may hold: a `Registry` of protobuf-es. Without it an Any cannot be looked into. */
  readonly registry?: () => Printable;
  /** A function of the user, to be called. */
  readonly own?: (fn: Overload) => Printable;
  /** The function that makes values of one enum those of another, where there are such. */
  readonly convertEnum?: (from: DescEnum, to: DescEnum) => Printable;
  /** A random value of a place: one for each response. */
  readonly random?: (what: "Uuid" | "Double", place: string) => Printable;
  /** What came beside the answer of a step, where expressions see steps. */
  readonly received?: (step: Variable, part: "header" | "trailer", name: string) => Printable;
  /** An extension of proto2, where the language has them. */
  readonly extension?: (extension: DescExtension) => Printable;
  /** A local name for a comprehension's variable: the name itself, or with `_` on a clash. */
  readonly local: (name: string) => string;
  /** What a local constant was given: TypeScript takes a test of it for the tests in there. */
  readonly constant?: (variable: Variable) => Node | undefined;
  /** Whether a test of an expression is one that TypeScript must not draw conclusions from, for the sake of another expression. */
  readonly hides?: (test: Node) => boolean;
  /** Whether a test by `ok` is known not to hold where it stands. */
  readonly fails?: (ok: Node) => boolean;
}

/** Printed code and the form of its value. */
export interface Code {
  readonly print: Printable[];
  readonly type: CelType;
  /** The exact protobuf representation of the printed value; undefined: CEL's own (see `Variable.proto`). */
  readonly proto: Proto | undefined;
  /** How strongly the outermost operator binds, so that callers know when to put parentheses; "and": at least as strongly as `&&`. */
  readonly precedence: "atom" | "unary" | "and" | "binary" | "conditional";
  /** True when the value may be `undefined` (an unset path). */
  readonly mayBeUndefined: boolean;
  /** Whether evaluation can throw ExpressionError. After `emitAs` it may where the expression itself cannot: a check of range. */
  readonly fails?: boolean;
  /** The same value printed anew in another representation, for `emitAs`: shorter than a conversion of what is printed here. */
  readonly as?: (to: Proto) => Code | undefined;
}
