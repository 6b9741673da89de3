// Conversion of a value to another form (types/form.ts).
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import {
  BIG,
  celKeyForm,
  type Form,
  generic,
  isPlain,
  isUnsigned,
  narrowsKeys,
  PLAIN,
  protoForm,
  sameForm,
  UNSIGNED,
  withoutEnums,
} from "../../types/forms/form.ts";
import {
  arrow,
  asserted,
  atom,
  fits,
  isNothing,
  LEVEL,
  lambdaOf,
  method,
  type Names,
  operand,
  type Piece,
  piece,
  property,
  runtime,
  types,
} from "./piece.ts";

/** Converts a value to another form. Integers that do not fit fail at run time. */
export function coerce(value: Piece, to: Form, names: Names): Piece {
  if (value.literal !== undefined) {
    const known = literalAs(value, value.literal, to, names);
    if (known !== undefined) return known;
  }
  if (sameForm(value.form, to)) return to.kind === "plain" ? value : { ...value, form: to };
  const enums = enumTypeOf(to, names);
  if (enums !== undefined) return { ...asserted(coerce(value, withoutEnums(to), names), enums), form: to };
  if (to.kind === "boxed") return box(value, to, names);
  return outOf(value, to, names) ?? into(value, to, names);
}

/** Converts by the value's form. Undefined if only the required form matters. */
function outOf(value: Piece, to: Form, names: Names): Piece | undefined {
  const from = value.form;
  switch (from.kind) {
    case "small":
    case "big":
    case "digits":
      return coerceInteger(value, from, to, names);
    case "list":
      return coerceList(value, from, to, names);
    case "record":
      return coerceRecord(value, from, to, names);
    case "map":
      return coerceMap(value, from, to, names);
    case "boxed": {
      const inner = property(value, "value", from.of);
      if (to.kind === "nullable") return { ...coerce(inner, to.of, names), form: to };
      return coerce(inner, to.kind === "plain" ? generic(from.of) : to, names);
    }
    case "json":
    case "any":
      return coerce(opened(value, from, names), to, names);
    case "nullable":
      return coerceNullable(value, from, to, names);
    case "plain":
      return coercePlain(value, to, names);
    case "struct":
      return to.kind === "record" || to.kind === "map" ? coerce({ ...value, form: PLAIN }, to, names) : undefined;
    default:
      return undefined;
  }
}

/** Converts by the required form. */
function into(value: Piece, to: Form, names: Names): Piece {
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

function coerceList(value: Piece, from: Form & { kind: "list" }, to: Form, names: Names): Piece | undefined {
  if (to.kind === "list") return { ...each(value, from.of, to.of, names), form: to };
  if (to.kind === "plain") return { ...coerce(value, { kind: "list", of: generic(from.of) }, names), form: PLAIN };
  return undefined;
}

function coerceRecord(value: Piece, from: Form & { kind: "record" }, to: Form, names: Names): Piece | undefined {
  switch (to.kind) {
    case "record": {
      if (!narrowsKeys(from, to)) return mapValues(value, from.of, to.of, to, names);
      const key = protoForm({ kind: "scalar", scalar: from.key });
      return coerce(coerce(value, { kind: "map", key, of: from.of }, names), to, names);
    }
    case "map": {
      const key = celKeyForm(from.key);
      if (isUnsigned(key) && !isUnsigned(to.key)) return coerce(coerce(value, { ...to, key }, names), to, names);
      const values = sameForm(from.of, to.of) ? [] : [lambda(from.of, to.of, names)];
      return runtime(names, "toMap", [value, keyReader(from.key), ...values], to);
    }
    case "plain": {
      const of = generic(from.of);
      if (from.key === ScalarType.STRING) return mapValues(value, from.of, of, PLAIN, names);
      // The keys of an object are strings; other keys take a `Map`.
      const key = celKeyForm(from.key);
      const map = coerce(value, { kind: "map", key, of }, names);
      return { ...(isUnsigned(key) ? runtime(names, "uintKeys", [map]) : map), form: PLAIN };
    }
    default:
      return undefined;
  }
}
function mapValues(value: Piece, from: Form, to: Form, form: Form, names: Names): Piece {
  if (sameForm(from, to)) return { ...value, form };
  return runtime(names, "mapValues", [value, lambda(from, to, names)], form);
}

function coerceMap(value: Piece, from: Form & { kind: "map" }, to: Form, names: Names): Piece | undefined {
  if (to.kind === "record") {
    const values = sameForm(from.of, to.of) ? [] : [lambda(from.of, to.of, names)];
    const unsigned = to.key === ScalarType.UINT32 || to.key === ScalarType.FIXED32;
    const keys = narrowsKeys(from, to) ? [atom(names.runtime(unsigned ? "toUint32" : "toInt32"))] : [];
    const unchanged = keys.length > 0 && values.length === 0 ? [atom("(item) => item")] : [];
    return runtime(names, "toRecord", [value, ...values, ...unchanged, ...keys], to);
  }
  if (to.kind !== "map" && to.kind !== "plain") return undefined;
  const of = to.kind === "map" ? to.of : generic(from.of);
  // Keys are the same in every `Map`, except that a dyn has to distinguish uints.
  if (isUnsigned(from.key) && !isUnsigned(to.kind === "map" ? to.key : PLAIN)) {
    const map = coerce(value, { ...from, of }, names);
    return runtime(names, "uintKeys", [map], to);
  }
  if (sameForm(from.of, of)) return { ...value, form: to };
  return runtime(names, "convertMap", [value, atom("(key) => key"), lambda(from.of, of, names)], to);
}

function coerceNullable(value: Piece, from: Form & { kind: "nullable" }, to: Form, names: Names): Piece {
  if (to.kind === "json" || to.kind === "any") return pack(value, to, names);
  if (to.kind === "plain" && to.scalar !== true)
    return { ...coerce(value, { kind: "nullable", of: generic(from.of) }, names), form: PLAIN };
  if (to.kind !== "nullable") return coerce(runtime(names, "required", [value], from.of), to, names);
  return runtime(names, "unlessNull", [value, lambda(from.of, to.of, names)], to);
}

function coercePlain(value: Piece, to: Form, names: Names): Piece | undefined {
  switch (to.kind) {
    case "nullable":
      // A wrapper's value from a dyn, or a value that is present.
      return { ...value, form: to };
    case "big":
    case "small":
    case "digits": {
      const name = atom(to.unsigned ? '"uint"' : '"int"');
      return coerce(runtime(names, "cast", [value, name], to.unsigned ? UNSIGNED : BIG), to, names);
    }
    case "list":
      return isPlain(to.of) ? undefined : { ...each(value, PLAIN, to.of, names), form: to };
    case "record":
    case "map":
      // A Struct that has been read, the only map without a separate form.
      return coerce({ ...value, form: { kind: "record", key: ScalarType.STRING, of: PLAIN } }, to, names);
    default:
      return undefined;
  }
}

/** Prints the content of a message that can contain any value. */
function opened(value: Piece, from: Form & { kind: "json" | "any" }, names: Names): Piece {
  if (from.kind === "any") return runtime(names, "fromAny", [value, types(names)], PLAIN);
  if (from.list) return runtime(names, "fromListValue", [value], { kind: "list", of: PLAIN });
  return runtime(names, "fromJsonValue", [value], PLAIN);
}

/** The TypeScript type of an enum, or of a list or a map of one. */
function enumTypeOf(form: Form, names: Names): readonly Printable[] | undefined {
  if (form.kind === "small") return form.enum && [names.shape(form.enum)];
  const of = form.kind === "list" || form.kind === "record" ? enumTypeOf(form.of, names) : undefined;
  return of && (form.kind === "list" ? [...of, "[]"] : ["{ [key: string]: ", ...of, " }"]);
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

/** Packs a message of known type into a google.protobuf.Any. `undefined` stays `undefined`. */
export function packed(message: Piece, desc: DescMessage, names: Names): Piece {
  const pack = (value: Piece): Piece => runtime(names, "anyPack", [atom(names.schema(desc)), value], { kind: "any" });
  if (!message.maybe) return pack(message);
  const name = names.local("value");
  const lambda = arrow(name, pack(piece([name], message.form)));
  return { ...runtime(names, "unlessUnset", [message, lambda], { kind: "any" }), maybe: true };
}

/** Converts a plain value to the message of a field of type Value, ListValue, Struct or Any. */
function pack(value: Piece, to: Form & { readonly kind: "json" | "any" | "struct" }, names: Names): Piece {
  const plain = coerce(value, PLAIN, names);
  if (to.kind === "any") return runtime(names, "toAny", [plain, types(names)], to);
  if (to.kind === "struct") return runtime(names, "toJsonObject", [plain], to);
  return runtime(names, to.list ? "toListValue" : "toValue", [plain], to);
}

/** Converts a value to a wrapper message, as in a list, a map or a oneof. */
function box(value: Piece, to: Form & { readonly kind: "boxed" }, names: Names): Piece {
  const create = (inner: Piece): Piece =>
    piece([names.runtime("create"), "(", names.schema(to.desc), ", { value: ", ...inner.print, " })"], to);
  if (value.form.kind !== "nullable") return create(coerce(value, to.of, names));
  const name = names.local("value");
  const lambda = arrow(name, create(coerce(piece([name], value.form.of), to.of, names)));
  return { ...runtime(names, "unlessNull", [value, lambda], to), nullable: true };
}

/** Rounds a double to 32 bits. */
function rounded(value: Piece): Piece {
  const text = value.print.length === 1 && typeof value.print[0] === "string" ? value.print[0] : "";
  const exact =
    /^-?(\d|Infinity|Number\.NaN)/.test(text) && (Math.fround(Number(text)) === Number(text) || !/\d/.test(text));
  return exact ? value : atom("Math.fround(", ...value.print, ")");
}

function each(list: Piece, from: Form, to: Form, names: Names): Piece {
  return method(list, "map", [lambda(from, to, names)]);
}

function lambda(from: Form, to: Form, names: Names): Piece {
  const name = names.local("item");
  return lambdaOf(name, coerce(piece([name], from), to, names));
}

/**
 * Prints the conversion of an object's key to a key of CEL. Objects have keys of type string, regardless of
 * TypeScript's types.
 */
export function keyReader(key: ScalarType): Piece {
  if (key === ScalarType.BOOL) return atom('(key) => key === "true"');
  return atom(key === ScalarType.STRING ? "String" : "BigInt");
}

/** Converts a value to another form, and keeps `undefined`. */
export function ifSet(value: Piece, form: Form, names: Names): Piece {
  if (isNothing(value)) return { ...value, form };
  const name = names.local("value");
  const converted = coerce(piece([name], value.form), form, names);
  if (converted.print.length === 1 && converted.print[0] === name) return value;
  return { ...runtime(names, "unlessUnset", [value, lambdaOf(name, converted)], form), maybe: true };
}

/** Opens a box when it is read as a value. */
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
