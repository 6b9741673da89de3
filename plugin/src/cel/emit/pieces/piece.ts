import type { DescEnum, DescExtension, DescMessage } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { BIG, type Form, PLAIN, UNSIGNED } from "../../types/forms/form.ts";
import type { CelType, Node, Overload, Proto, Variable } from "../../types/model/type.ts";
import { isReadIn } from "./print.ts";

/** How strongly JavaScript's operators bind. An operand that binds less needs parentheses. */
export const LEVEL = {
  conditional: 1,
  /** `??` does not mix with `||` and `&&` without parentheses. */
  nullish: 2,
  or: 3,
  and: 4,
  equality: 5,
  relational: 6,
  additive: 7,
  multiplicative: 8,
  unary: 9,
  atom: 10,
} as const;

/** A printed expression in progress: code.ts's `Code` with the parts that only the printer needs. */
export interface Piece {
  readonly print: readonly Printable[];
  readonly form: Form;
  readonly level: number;
  /** An integer literal, which takes the form of its surroundings. */
  readonly literal: bigint | undefined;
  /** True if its value may be `undefined`. */
  readonly maybe: boolean;
  /** True if a value whose type is a message may be null. */
  readonly nullable: boolean;
}

export function piece(print: readonly Printable[], form: Form, level: number = LEVEL.atom): Piece {
  return { print, form, level, literal: undefined, maybe: false, nullable: false };
}

export function atom(...print: readonly Printable[]): Piece {
  return piece(print, PLAIN);
}

export function literal(value: bigint, unsigned = false): Piece {
  const number = Number(value);
  const level = value < 0n ? LEVEL.unary : LEVEL.atom;
  const big = unsigned ? UNSIGNED : BIG;
  const form: Form = Number.isSafeInteger(number) ? { kind: "small", low: number, high: number, unsigned } : big;
  return { ...piece([form.kind === "big" ? `${value}n` : `${value}`], form, level), literal: value };
}

/** The printed piece, in parentheses when it binds less than `level`. */
export function operand(value: Piece, level: number): readonly Printable[] {
  return value.level < level ? ["(", ...value.print, ")"] : value.print;
}

export function binary(left: Piece, operator: string, right: Piece, level: number, form: Form = PLAIN): Piece {
  if (level === LEVEL.equality || level === LEVEL.relational) {
    // `a === 1 === b` is right but hard to read.
    return piece([...operand(left, LEVEL.additive), ` ${operator} `, ...operand(right, LEVEL.additive)], form, level);
  }
  if (level === LEVEL.nullish) return orOther(left, operator, right, form);
  // All of JavaScript's binary operators used here group to the left.
  return piece([...operand(left, level), ` ${operator} `, ...operand(right, level + 1)], form, level);
}

/** Prints `a ?? b`. JavaScript requires parentheses around the operands `||` and `&&`. */
function orOther(left: Piece, operator: string, right: Piece, form: Form): Piece {
  // `x ?? null ?? y` equals `x ?? y`. TypeScript infers null for code that ends in null, on both branches of a
  // conditional, too.
  const first = withoutNull(left);
  const print = operand(first, first.level === LEVEL.nullish ? LEVEL.nullish : LEVEL.equality);
  // `x ?? (y ?? z)` is `x ?? y ?? z`.
  const other = operand(right, right.level === LEVEL.nullish ? LEVEL.nullish : LEVEL.equality);
  return piece([...print, ` ${operator} `, ...other], form, LEVEL.nullish);
}

function withoutNull(value: Piece): Piece {
  const { print, level } = value;
  if ((level !== LEVEL.nullish && level !== LEVEL.conditional) || print.at(-1) !== "null" || print.at(-2) !== " ?? ")
    return value;
  return { ...value, print: print.slice(0, -2) };
}

/** `receiver.name(…)`. */
export function method(receiver: Piece, name: string, args: readonly Piece[], form: Form = PLAIN): Piece {
  return piece([...receiverOf(receiver), `.${name}(`, ...commas(args), ")"], form);
}

/** `receiver.name`. */
export function property(receiver: Piece, name: string, form: Form = PLAIN): Piece {
  return piece([...receiverOf(receiver), `.${name}`], form);
}

function receiverOf(value: Piece): readonly Printable[] {
  // `5.toString()` does not parse.
  return value.literal === undefined ? operand(value, LEVEL.atom) : ["(", ...value.print, ")"];
}

/** A call of a function of the runtime. */
export function runtime(names: Names, name: string, args: readonly Piece[], form: Form = PLAIN): Piece {
  return piece([names.runtime(name), "(", ...commas(args), ")"], form);
}

/** Prints `(name) => body`. `returns`: `: boolean`, if TypeScript must not infer a type predicate. */
export function arrow(params: string, body: Piece, returns = ""): Piece {
  const print = String(body.print[0]).startsWith("{") ? ["(", ...body.print, ")"] : body.print;
  return piece([`(${params})${returns} => `, ...print], body.form, LEVEL.conditional);
}

/**
 * Prints the same, with a parameter only if the body reads it (`mentioned`) and its printed code does, too. Values that
 * are known beforehand are left out of printed code.
 */
export function arrowOver(name: string, mentioned: boolean, body: Piece, returns = ""): Piece {
  return arrow(mentioned && isReadIn(body.print, name) ? name : "", body, returns);
}

export function commas(pieces: readonly Piece[]): Printable[] {
  return pieces.flatMap((piece, index) => (index === 0 ? [...piece.print] : [", ", ...piece.print]));
}

/** Asserts that the value has a TypeScript type. */
export function asserted(value: Piece, type: readonly Printable[]): Piece {
  return { ...value, print: [...operand(value, LEVEL.relational), " as ", ...type], level: LEVEL.relational };
}

/** Returns true if the printed code is the content of an `optional.none()`. */
export function isNothing({ print }: Piece): boolean {
  return print.length === 1 && print[0] === "undefined";
}

/** Returns true if an integer literal is in the range of a form. */
export function fits(value: Piece, form: Form): boolean {
  if (value.literal === undefined || form.kind !== "small") return true;
  const number = Number(value.literal);
  return number >= form.low && number <= form.high;
}

/** Returns the messages that a google.protobuf.Any may contain. */
export function types(names: Names): Piece {
  return atom(names.registry?.() ?? "undefined");
}

/** Prints `(name) => body`, or the function alone if the body is only a call of it. */
export function lambdaOf(name: string, body: Piece): Piece {
  const [fn, open, ...rest] = body.print;
  // TypeScript infers no types from overloaded functions.
  if (body.form.kind === "record") return arrow(name, body);
  if (fn !== undefined && open === "(" && rest.length === 2 && rest[0] === name && rest[1] === ")") return atom(fn);
  return arrow(name, body);
}

/** Hides a test from TypeScript's narrowing. */
export function hidden(test: Piece): Piece {
  return atom("Boolean(", ...test.print, ")");
}

/** Returns the value of code that is printed as `true` or `false`. */
export function boolOf({ print }: Piece): boolean | undefined {
  const [only, more] = print;
  if (more !== undefined || (only !== "true" && only !== "false")) return undefined;
  return only === "true";
}

export function negated(value: Piece): Piece {
  const known = boolOf(value);
  if (known !== undefined) return atom(String(!known));
  return piece(["!", ...operand(value, LEVEL.unary)], value.form, LEVEL.unary);
}

/** Hides a test with a known result. TypeScript forgets narrowing in an arm that it considers unreachable. */
export const undecided = (test: Piece): Piece => (boolOf(test) === undefined ? test : hidden(test));

// Types of emitted expressions, which let one printer work for real files, tests and conformance runs.

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
