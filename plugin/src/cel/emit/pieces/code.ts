// Types of emitted expressions, which let one printer work for real files, tests and conformance runs.
import type { DescEnum, DescExtension, DescMessage } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import type { CelType, Node, Overload, Proto, Variable } from "../../types/model/type.ts";

/** Source of the names in printed code. */
export interface Names {
  /**
   * Code of a variable at the place of the expression, e.g. `usage`, `args.workspaceId`, `cx.now()`,
   * `env.DEFAULT_QUERY`. For "headers": an expression for the request context (`cx`), used as `cx.header("x")`.
   */
  readonly variable: (variable: Variable) => Printable;
  /** A value exported by @protobff/runtime. */
  readonly runtime: (name: string) => Printable;
  /** protobuf-es's schema constant, e.g. `UserSchema`. */
  readonly schema: (desc: DescMessage | DescEnum) => Printable;
  /** The TypeScript type of a message or an enum; for enums also the value (`Status`). */
  readonly shape: (desc: DescMessage | DescEnum) => Printable;
  /**
   * The messages that a google.protobuf.Any may contain: a `Registry` of protobuf-es. Without it an Any cannot be
   * opened.
   */
  readonly registry?: () => Printable;
  /** A function of the user, to be called. */
  readonly userFunction?: (fn: Overload) => Printable;
  /** The function that converts values of one enum to another one, if there are conversions. */
  readonly convertEnum?: (from: DescEnum, to: DescEnum) => Printable;
  /** A random value of a place: one for each response. */
  readonly random?: (what: "Uuid" | "Double", place: string) => Printable;
  /** Opens a page token of the request, or seals one. */
  readonly page?: (what: "open" | "seal") => Printable;
  /** Metadata of the answer to a step's call, if expressions see steps. */
  readonly received?: (step: Variable, part: "header" | "trailer", name: string) => Printable;
  /** An extension of proto2, if the language has them. */
  readonly extension?: (extension: DescExtension) => Printable;
  /**
   * The function that counts the steps of an operation on a list or a text; undefined: nothing counts them. `again`:
   * the operation is in a macro that counts.
   */
  readonly counted?: (again: boolean) => Printable;
  /** A local name for a comprehension's variable: the name itself, or with `_` on a clash. */
  readonly local: (name: string) => string;
  /** The value of a local constant. TypeScript narrows by a test of the constant as by the tests in its value. */
  readonly constant?: (variable: Variable) => Node | undefined;
  /** Returns true for a test that TypeScript must not narrow by, because of another expression. */
  readonly hides?: (test: Node) => boolean;
  /** Returns true for a test by `ok` that is known to fail at its place. */
  readonly fails?: (ok: Node) => boolean;
}

/** Printed code and the form of its value. */
export interface Code {
  readonly print: Printable[];
  readonly type: CelType;
  /** The exact protobuf representation of the printed value; undefined: CEL's own (see `Variable.proto`). */
  readonly proto: Proto | undefined;
  /**
   * Binding strength of the outermost operator, by which callers add parentheses; "and": at least as strong as `&&`.
   */
  readonly precedence: "atom" | "unary" | "and" | "binary" | "conditional";
  /** True if the value may be `undefined` (an unset path). */
  readonly mayBeUndefined: boolean;
  /**
   * True if evaluation can throw ExpressionError. After `emitAs`, a range check may throw although the expression
   * itself cannot fail.
   */
  readonly fails?: boolean;
  /**
   * Prints the same value in another representation, for `emitAs`. This is shorter than a conversion of the printed
   * code.
   */
  readonly as?: (to: Proto) => Code | undefined;
}
