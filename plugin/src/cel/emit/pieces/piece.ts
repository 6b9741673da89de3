import type { Printable } from "@bufbuild/protoplugin";
import { BIG, type Form, PLAIN, UNSIGNED } from "../../types/forms/form.ts";
import type { Names } from "./code.ts";
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

/** A printed expression on its way: code.ts's `Code` with what only the printer needs. */
export interface Piece {
  readonly print: readonly Printable[];
  readonly form: Form;
  readonly level: number;
  /** An integer literal, which takes the form of its surroundings. */
  readonly literal: bigint | undefined;
  /** Whether its value may be `undefined`. */
  readonly maybe: boolean;
  /** Whether a value whose type is a message may be null. */
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

/** `a ?? b`: the operands of `||` and `&&` stand in parentheses there, which JavaScript asks for. */
function orOther(left: Piece, operator: string, right: Piece, form: Form): Piece {
  // `x ?? null ?? y` is `x ?? y`; TypeScript takes what ends in null for null, on both branches of a conditional, too.
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

/** `(name) => body`. `returns`: `: boolean`, where TypeScript must not find a type predicate in it. */
export function arrow(params: string, body: Piece, returns = ""): Piece {
  const print = String(body.print[0]).startsWith("{") ? ["(", ...body.print, ")"] : body.print;
  return piece([`(${params})${returns} => `, ...print], body.form, LEVEL.conditional);
}

/** The same with a parameter only where the body reads it, `mentioned`, and what is printed of it does: what is known beforehand is left out. */
export function arrowOver(name: string, mentioned: boolean, body: Piece, returns = ""): Piece {
  return arrow(mentioned && isReadIn(body.print, name) ? name : "", body, returns);
}

export function commas(pieces: readonly Piece[]): Printable[] {
  return pieces.flatMap((one, index) => (index === 0 ? [...one.print] : [", ", ...one.print]));
}

/** The value as one of a TypeScript type. */
export function asserted(value: Piece, type: readonly Printable[]): Piece {
  return { ...value, print: [...operand(value, LEVEL.relational), " as ", ...type], level: LEVEL.relational };
}

/** Whether it is printed as nothing at all: what an `optional.none()` holds. */
export function isNothing({ print }: Piece): boolean {
  return print.length === 1 && print[0] === "undefined";
}

/** Whether an integer literal is in the range of a form. */
export function fits(value: Piece, form: Form): boolean {
  if (value.literal === undefined || form.kind !== "small") return true;
  const number = Number(value.literal);
  return number >= form.low && number <= form.high;
}

/** The messages that a google.protobuf.Any may hold. */
export function types(names: Names): Piece {
  return atom(names.registry?.() ?? "undefined");
}

/** `(name) => body`, or the function alone where the body is nothing but a call of it. */
export function lambdaOf(name: string, body: Piece): Piece {
  const [fn, open, ...rest] = body.print;
  // TypeScript infers nothing from functions that can be called in several ways.
  if (body.form.kind === "record") return arrow(name, body);
  if (fn !== undefined && open === "(" && rest.length === 2 && rest[0] === name && rest[1] === ")") return atom(fn);
  return arrow(name, body);
}

/** A test that TypeScript is to draw no conclusions from. */
export function hidden(test: Piece): Piece {
  return atom("Boolean(", ...test.print, ")");
}

/** What is printed as `true` or `false`. */
export function boolOf({ print }: Piece): boolean | undefined {
  const [only, more] = print;
  if (more !== undefined || (only !== "true" && only !== "false")) return undefined;
  return only === "true";
}

/** A test as one that TypeScript does not know: in an arm that it takes for unreachable it forgets what is there. */
export const undecided = (test: Piece): Piece => (boolOf(test) === undefined ? test : hidden(test));
