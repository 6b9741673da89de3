import type { Printable } from "@bufbuild/protoplugin";
import type { Names } from "./code.ts";
import { BIG, type Form, PLAIN, sameForm } from "./form.ts";

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

export function literal(value: bigint): Piece {
  const number = Number(value);
  const level = value < 0n ? LEVEL.unary : LEVEL.atom;
  const form: Form = Number.isSafeInteger(number) ? { kind: "small", low: number, high: number } : BIG;
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
  // All of JavaScript's binary operators used here group to the left.
  return piece([...operand(left, level), ` ${operator} `, ...operand(right, level + 1)], form, level);
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

/** `(name) => body`. */
export function arrow(params: string, body: Piece): Piece {
  const print = String(body.print[0]).startsWith("{") ? ["(", ...body.print, ")"] : body.print;
  return piece([`(${params}) => `, ...print], body.form, LEVEL.conditional);
}

export function commas(pieces: readonly Piece[]): Printable[] {
  return pieces.flatMap((one, index) => (index === 0 ? [...one.print] : [", ", ...one.print]));
}

/** The same value in another form. Integers that do not fit fail at run time. */
export function coerce(value: Piece, to: Form, names: Names): Piece {
  if (value.literal !== undefined) {
    if (to.kind === "big") return { ...value, print: [`${value.literal}n`], form: BIG };
    if (to.kind === "small") {
      const number = Number(value.literal);
      if (number >= to.low && number <= to.high) return { ...value, print: [`${value.literal}`], form: to };
    }
    if (to.kind === "plain") return coerce(value, BIG, names);
  }
  if (sameForm(value.form, to)) return value;
  switch (value.form.kind) {
    case "small":
      if (to.kind === "small") return runtime(names, to.low < 0 ? "toInt32" : "toUint32", [value], to);
      if (to.kind === "big" || to.kind === "plain") return piece(["BigInt", "(", ...value.print, ")"], BIG);
      break;
    case "big":
      if (to.kind === "small") return runtime(names, to.low < 0 ? "toInt32" : "toUint32", [value], to);
      break;
    case "list":
      if (to.kind === "list") return { ...each(value, value.form.of, to.of, names), form: to };
      if (to.kind === "plain") return coerce(value, { kind: "list", of: generic(value.form.of) }, names);
      break;
    case "record":
      if (to.kind === "record") {
        return runtime(names, "mapValues", [value, lambda(value.form.of, to.of, names)], to);
      }
      if (to.kind === "map") {
        const { of } = value.form;
        const values = sameForm(of, to.of) ? [] : [lambda(of, to.of, names)];
        return runtime(names, "toMap", [value, keyReader(to.key), ...values], to);
      }
      if (to.kind === "plain") {
        if (sameForm(value.form.of, generic(value.form.of))) return value;
        return runtime(names, "mapValues", [value, lambda(value.form.of, generic(value.form.of), names)], PLAIN);
      }
      break;
    case "map":
      if (to.kind === "record") {
        const { of } = value.form;
        return runtime(names, "toRecord", [value, ...(sameForm(of, to.of) ? [] : [lambda(of, to.of, names)])], to);
      }
      if (to.kind === "map") {
        const { key, of } = value.form;
        return runtime(names, "convertMap", [value, lambda(key, to.key, names), lambda(of, to.of, names)], to);
      }
      break;
    case "boxed": {
      const inner = property(value, "value", value.form.of);
      if (to.kind === "nullable") return { ...coerce(inner, to.of, names), form: to };
      return coerce(inner, to.kind === "plain" ? generic(value.form.of) : to, names);
    }
    case "json":
      return runtime(names, value.form.list ? "fromListValue" : "fromJsonValue", [value], to);
    case "nullable": {
      if (to.kind === "plain") return coerce(value, { kind: "nullable", of: generic(value.form.of) }, names);
      if (to.kind !== "nullable") return coerce(runtime(names, "required", [value], value.form.of), to, names);
      return runtime(names, "unlessNull", [value, lambda(value.form.of, to.of, names)], to);
    }
    case "plain":
      if (to.kind === "nullable") return { ...value, form: to };
      break;
  }
  if (to.kind === "nullable") return { ...coerce(value, to.of, names), form: to };
  if (to.kind === "plain") return { ...value, form: PLAIN };
  return value;
}

/** The form of a value of which only CEL's own form is known: integers are bigints in it. */
function generic(form: Form): Form {
  switch (form.kind) {
    case "small":
      return BIG;
    case "list":
    case "nullable":
    case "record":
      return { ...form, of: generic(form.of) };
    case "map":
      return { ...form, key: generic(form.key), of: generic(form.of) };
    case "boxed":
      return generic(form.of);
    case "json":
      return PLAIN;
    default:
      return form;
  }
}

function each(list: Piece, from: Form, to: Form, names: Names): Piece {
  return method(list, "map", [lambda(from, to, names)]);
}

function lambda(from: Form, to: Form, names: Names): Piece {
  const name = names.local("item");
  return lambdaOf(name, coerce(piece([name], from), to, names));
}

/** `(name) => body`, or the function alone where the body is nothing but a call of it. */
export function lambdaOf(name: string, body: Piece): Piece {
  const [fn, open, ...rest] = body.print;
  if (fn !== undefined && open === "(" && rest.length === 2 && rest[0] === name && rest[1] === ")") return atom(fn);
  return arrow(name, body);
}

/** How a key of an object becomes a key of CEL. Objects have keys of type string, whatever TypeScript says. */
function keyReader(to: Form): Piece {
  return atom(to.kind === "big" ? "BigInt" : "String");
}

/** A value in another form, `undefined` left as it is. */
export function ifSet(value: Piece, form: Form, names: Names): Piece {
  const name = names.local("value");
  const converted = coerce(piece([name], value.form), form, names);
  if (converted.print.length === 1 && converted.print[0] === name) return value;
  return { ...runtime(names, "unlessUnset", [value, lambdaOf(name, converted)], form), maybe: true };
}

/** The form of what a map holds. */
export function entryForm(form: Form): Form | undefined {
  return form.kind === "record" || form.kind === "map" || form.kind === "list" ? form.of : undefined;
}

/** A box is opened as soon as it is read as a value. */
export function unbox(value: Piece, names: Names): Piece {
  if (value.form.kind === "boxed") return piece([...operand(value, LEVEL.atom), ".value"], value.form.of);
  return value.form.kind === "json" ? coerce({ ...value, maybe: false }, PLAIN, names) : value;
}
