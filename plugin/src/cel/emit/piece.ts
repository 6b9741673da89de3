import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { BIG, type Form, narrowsKeys, PLAIN, protoForm, sameForm, UNSIGNED, withoutEnums } from "../types/form.ts";
import type { Names } from "./code.ts";

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
  // `x ?? null ?? y` is `x ?? y`; TypeScript takes what ends in null for null.
  const first = withoutNull(left);
  const print = operand(first, first.level === LEVEL.nullish ? LEVEL.nullish : LEVEL.equality);
  return piece([...print, ` ${operator} `, ...operand(right, LEVEL.equality)], form, LEVEL.nullish);
}

function withoutNull(value: Piece): Piece {
  const { print, level } = value;
  if (level !== LEVEL.nullish || print.at(-1) !== "null" || print.at(-2) !== " ?? ") return value;
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
    const known = literalAs(value, value.literal, to, names);
    if (known !== undefined) return known;
  }
  if (sameForm(value.form, to)) return to.kind === "plain" ? value : { ...value, form: to };
  const enums = enumTypeOf(to, names);
  if (enums !== undefined) return { ...asserted(coerce(value, withoutEnums(to), names), enums), form: to };
  if (to.kind === "boxed") return box(value, to, names);
  const from = value.form;
  switch (from.kind) {
    case "small":
    case "big":
    case "digits":
      return coerceInteger(value, from, to, names);
    case "list":
      if (to.kind === "list") return { ...each(value, from.of, to.of, names), form: to };
      if (to.kind === "plain") return { ...coerce(value, { kind: "list", of: generic(from.of) }, names), form: PLAIN };
      break;
    case "record":
      if (to.kind === "record" && narrowsKeys(from, to)) {
        const key = protoForm({ kind: "scalar", scalar: from.key });
        return coerce(coerce(value, { kind: "map", key, of: from.of }, names), to, names);
      }
      if (to.kind === "record") {
        if (sameForm(from.of, to.of)) return { ...value, form: to };
        return runtime(names, "mapValues", [value, lambda(from.of, to.of, names)], to);
      }
      if (to.kind === "map") {
        const values = sameForm(from.of, to.of) ? [] : [lambda(from.of, to.of, names)];
        return runtime(names, "toMap", [value, keyReader(from.key), ...values], to);
      }
      if (to.kind === "plain") {
        const of = generic(from.of);
        // The keys of an object are strings; other keys take a `Map`.
        if (from.key !== ScalarType.STRING) {
          const key = keyForm(from.key);
          const map = coerce(value, { kind: "map", key, of }, names);
          return { ...(isUnsigned(key) ? runtime(names, "uintKeys", [map]) : map), form: PLAIN };
        }
        if (sameForm(from.of, of)) return { ...value, form: PLAIN };
        return runtime(names, "mapValues", [value, lambda(from.of, of, names)], PLAIN);
      }
      break;
    case "map":
      if (to.kind === "record") {
        const values = sameForm(from.of, to.of) ? [] : [lambda(from.of, to.of, names)];
        const keys = narrowsKeys(from, to)
          ? [
              atom(
                names.runtime(to.key === ScalarType.UINT32 || to.key === ScalarType.FIXED32 ? "toUint32" : "toInt32"),
              ),
            ]
          : [];
        const unchanged = keys.length > 0 && values.length === 0 ? [atom("(item) => item")] : [];
        return runtime(names, "toRecord", [value, ...values, ...unchanged, ...keys], to);
      }
      if (to.kind === "map" || to.kind === "plain") {
        const of = to.kind === "map" ? to.of : generic(from.of);
        // Keys are as they are in every `Map`, but that a dyn has to know which are uints.
        if (isUnsigned(from.key) && !isUnsigned(to.kind === "map" ? to.key : PLAIN)) {
          const map = coerce(value, { ...from, of }, names);
          return runtime(names, "uintKeys", [map], to);
        }
        if (sameForm(from.of, of)) return { ...value, form: to };
        return runtime(names, "convertMap", [value, atom("(key) => key"), lambda(from.of, of, names)], to);
      }
      break;
    case "boxed": {
      const inner = property(value, "value", from.of);
      if (to.kind === "nullable") return { ...coerce(inner, to.of, names), form: to };
      return coerce(inner, to.kind === "plain" ? generic(from.of) : to, names);
    }
    case "json":
      return coerce(
        runtime(
          names,
          from.list ? "fromListValue" : "fromJsonValue",
          [value],
          from.list ? { kind: "list", of: PLAIN } : PLAIN,
        ),
        to,
        names,
      );
    case "any":
      return coerce(runtime(names, "fromAny", [value, types(names)], PLAIN), to, names);
    case "nullable": {
      if (to.kind === "json" || to.kind === "any") return pack(value, to, names);
      if (to.kind === "plain")
        return { ...coerce(value, { kind: "nullable", of: generic(from.of) }, names), form: PLAIN };
      if (to.kind !== "nullable") return coerce(runtime(names, "required", [value], from.of), to, names);
      return runtime(names, "unlessNull", [value, lambda(from.of, to.of, names)], to);
    }
    case "plain":
      if (to.kind === "nullable") {
        // A wrapper's value out of a dyn, or a value that is there.
        return { ...value, form: to };
      }
      if (to.kind === "big" || to.kind === "small" || to.kind === "digits") {
        const name = atom(to.unsigned ? '"uint"' : '"int"');
        return coerce(runtime(names, "cast", [value, name], to.unsigned ? UNSIGNED : BIG), to, names);
      }
      if (to.kind === "list" && !isPlain(to.of)) return { ...each(value, PLAIN, to.of, names), form: to };
      // A Struct that has been read, the only map without a form of its own.
      if (to.kind === "record" || to.kind === "map")
        return coerce({ ...value, form: { kind: "record", key: ScalarType.STRING, of: PLAIN } }, to, names);
      break;
    case "struct":
      if (to.kind === "record" || to.kind === "map") return coerce({ ...value, form: PLAIN }, to, names);
      break;
  }
  switch (to.kind) {
    case "nullable":
      return { ...coerce(value, to.of, names), form: to };
    case "plain":
      return { ...value, form: PLAIN };
    case "float":
      return { ...rounded(value), form: to };
    case "json":
    case "any":
    case "struct":
      return pack(value, to, names);
    default:
      return value;
  }
}

/** The value as one of a TypeScript type. */
export function asserted(value: Piece, type: readonly Printable[]): Piece {
  return { ...value, print: [...operand(value, LEVEL.relational), " as ", ...type], level: LEVEL.relational };
}

/** The TypeScript type of an enum, or of a list or a map of one. */
function enumTypeOf(form: Form, names: Names): readonly Printable[] | undefined {
  if (form.kind === "small") return form.enum && [names.shape(form.enum)];
  const of = form.kind === "list" || form.kind === "record" ? enumTypeOf(form.of, names) : undefined;
  return of && (form.kind === "list" ? [...of, "[]"] : ["{ [key: string]: ", ...of, " }"]);
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

function literalAs(value: Piece, literal: bigint, to: Form, names: Names): Piece | undefined {
  const unsigned = isUnsigned(value.form);
  switch (to.kind) {
    case "big":
      return { ...value, print: [`${literal}n`], form: unsigned ? UNSIGNED : BIG };
    case "small":
      return fits(value, to) ? { ...value, print: [`${literal}`], form: to } : undefined;
    case "digits":
      return atom(`"${literal}"`);
    case "plain":
      if (unsigned) return runtime(names, "uint", [{ ...value, literal: undefined }]);
      return { ...value, print: [`${literal}n`], form: BIG };
    default:
      return undefined;
  }
}

function coerceInteger(value: Piece, from: Form, to: Form, names: Names): Piece {
  switch (to.kind) {
    case "small":
      if (from.kind === "digits") return coerce(piece(["BigInt(", ...value.print, ")"], BIG), to, names);
      return runtime(names, to.low < 0 ? "toInt32" : "toUint32", [value], to);
    case "big":
      return piece(["BigInt", "(", ...value.print, ")"], to);
    case "digits":
      return piece(["String", "(", ...value.print, ")"], to);
    case "plain":
      if (isUnsigned(from)) {
        return runtime(names, "uint", [from.kind === "digits" ? coerce(value, UNSIGNED, names) : value], PLAIN);
      }
      return from.kind === "big" ? { ...value, form: PLAIN } : piece(["BigInt", "(", ...value.print, ")"], PLAIN);
    case "nullable":
      return { ...coerce(value, to.of, names), form: to };
    case "json":
    case "any":
      return pack(value, to, names);
    default:
      return value;
  }
}

/** A message of known type in a google.protobuf.Any; `undefined` stays what it is. */
export function packed(message: Piece, desc: DescMessage, names: Names): Piece {
  const pack = (value: Piece): Piece => runtime(names, "anyPack", [atom(names.schema(desc)), value], { kind: "any" });
  if (!message.maybe) return pack(message);
  const name = names.local("value");
  const lambda = arrow(name, pack(piece([name], message.form)));
  return { ...runtime(names, "unlessUnset", [message, lambda], { kind: "any" }), maybe: true };
}

/** A plain value as the message that a field of type Value, ListValue, Struct or Any takes. */
function pack(value: Piece, to: Form & { readonly kind: "json" | "any" | "struct" }, names: Names): Piece {
  const plain = coerce(value, PLAIN, names);
  if (to.kind === "any") return runtime(names, "toAny", [plain, types(names)], to);
  if (to.kind === "struct") return runtime(names, "toJsonObject", [plain], to);
  return runtime(names, to.list ? "toListValue" : "toValue", [plain], to);
}

/** A wrapper where it is a message: in a list, a map or a oneof. */
function box(value: Piece, to: Form & { readonly kind: "boxed" }, names: Names): Piece {
  const create = (inner: Piece): Piece =>
    piece([names.runtime("create"), "(", names.schema(to.desc), ", { value: ", ...inner.print, " })"], to);
  if (value.form.kind !== "nullable") return create(coerce(value, to.of, names));
  const name = names.local("value");
  const lambda = arrow(name, create(coerce(piece([name], value.form.of), to.of, names)));
  return { ...runtime(names, "unlessNull", [value, lambda], to), nullable: true };
}

/** The messages that a google.protobuf.Any may hold. */
export function types(names: Names): Piece {
  return atom(names.registry?.() ?? "undefined");
}

/** A double as one of 32 bits has it. */
function rounded(value: Piece): Piece {
  const text = value.print.length === 1 && typeof value.print[0] === "string" ? value.print[0] : "";
  const exact =
    /^-?(\d|Infinity|Number\.NaN)/.test(text) && (Math.fround(Number(text)) === Number(text) || !/\d/.test(text));
  return exact ? value : atom("Math.fround(", ...value.print, ")");
}

export function isUnsigned(form: Form): boolean {
  return (form.kind === "small" || form.kind === "big" || form.kind === "digits") && form.unsigned === true;
}

function isPlain(form: Form): boolean {
  return form.kind === "plain" || ((form.kind === "list" || form.kind === "nullable") && isPlain(form.of));
}

/** The form of a value of which only CEL's own form is known: integers are bigints in it, uints are in a box. */
export function generic(form: Form): Form {
  switch (form.kind) {
    case "small":
    case "big":
    case "digits":
      return isUnsigned(form) ? PLAIN : BIG;
    case "list":
    case "nullable":
      return { ...form, of: generic(form.of) };
    case "record":
      return form.key === ScalarType.STRING
        ? { ...form, of: generic(form.of) }
        : { kind: "map", key: generic(keyForm(form.key)), of: generic(form.of) };
    case "map":
      return { ...form, key: isUnsigned(form.key) ? PLAIN : form.key, of: generic(form.of) };
    case "boxed":
      return generic(form.of);
    case "float":
    case "json":
    case "any":
    case "struct":
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
  // TypeScript infers nothing from functions that can be called in several ways.
  if (body.form.kind === "record") return arrow(name, body);
  if (fn !== undefined && open === "(" && rest.length === 2 && rest[0] === name && rest[1] === ")") return atom(fn);
  return arrow(name, body);
}

/** The form of keys that were those of an object: any integer is a `bigint`. */
function keyForm(key: ScalarType): Form {
  if (key === ScalarType.BOOL || key === ScalarType.STRING) return PLAIN;
  return isUnsigned(protoForm({ kind: "scalar", scalar: key })) ? UNSIGNED : BIG;
}

/** How a key of an object becomes a key of CEL. Objects have keys of type string, whatever TypeScript says. */
export function keyReader(key: ScalarType): Piece {
  if (key === ScalarType.BOOL) return atom('(key) => key === "true"');
  return atom(key === ScalarType.STRING ? "String" : "BigInt");
}

/** A value in another form, `undefined` left as it is. */
export function ifSet(value: Piece, form: Form, names: Names): Piece {
  if (isNothing(value)) return { ...value, form };
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
  switch (value.form.kind) {
    case "json":
    case "any":
      return coerce(
        { ...value, maybe: false },
        value.form.kind === "json" && value.form.list ? { kind: "list", of: PLAIN } : PLAIN,
        names,
      );
    case "digits":
      return coerce(value, value.form.unsigned ? UNSIGNED : BIG, names);
    case "float":
      return { ...value, form: PLAIN };
    default:
      return value;
  }
}
