import { type DescEnum, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { scalarType, unwrapped } from "../model/field-type.ts";
import type { CelType, Node, Proto } from "../model/type.ts";
import { INT32, protoRange, rangeOf } from "./range.ts";

/** Representation of a value in TypeScript, if there is more than one. */
export type Form =
  /**
   * A type with one representation: string, boolean, double, Uint8Array, a message, null, a dyn, an optional. `scalar`:
   * a scalar of a field, which cannot be null.
   */
  | { readonly kind: "plain"; readonly scalar?: true }
  /** An int or uint in a `number`. `enum`: TypeScript infers a value of that enum. */
  | {
      readonly kind: "small";
      readonly low: number;
      readonly high: number;
      readonly unsigned?: boolean;
      readonly enum?: DescEnum;
    }
  /** An int or uint in a `bigint`. */
  | { readonly kind: "big"; readonly unsigned?: boolean }
  /** A 64-bit integer in a `string` (jstype = JS_STRING). */
  | { readonly kind: "digits"; readonly unsigned: boolean }
  /** A double that fits into 32 bits. */
  | { readonly kind: "float" }
  | { readonly kind: "list"; readonly of: Form }
  /** A map of protobuf-es: an object. */
  | { readonly kind: "record"; readonly key: ScalarType; readonly of: Form }
  /** A computed map of CEL: a `Map`. */
  | { readonly kind: "map"; readonly key: Form; readonly of: Form }
  /** google.protobuf.Int32Value and its like as a message: in a list, a map or a oneof. */
  | { readonly kind: "boxed"; readonly desc: DescMessage; readonly of: Form }
  /** google.protobuf.Value and ListValue, which are messages around JSON. */
  | { readonly kind: "json"; readonly list: boolean }
  /** google.protobuf.Struct, which is a JSON object in a field. */
  | { readonly kind: "struct" }
  /** google.protobuf.Any. */
  | { readonly kind: "any" }
  /** A scalar or null. */
  | { readonly kind: "nullable"; readonly of: Form };

export const PLAIN: Form = { kind: "plain" };
const SCALAR: Form = { kind: "plain", scalar: true };
export const BIG: Form = { kind: "big" };
export const UNSIGNED: Form = { kind: "big", unsigned: true };

/** Returns the form of values that CEL computes. */
export function celForm(type: CelType): Form {
  switch (type.kind) {
    case "int":
      return BIG;
    case "uint":
      return UNSIGNED;
    case "list":
      return { kind: "list", of: celForm(type.element) };
    case "map":
      return { kind: "map", key: celForm(type.key), of: celForm(type.value) };
    case "wrapper":
      return { kind: "nullable", of: celForm(type.of) };
    default:
      return PLAIN;
  }
}

/** Returns the form of a plain value of protobuf-es. */
export function protoForm(proto: Proto): Form {
  const range = protoRange(proto);
  if (proto.kind === "enum") return { kind: "small", ...INT32, unsigned: false, enum: proto.desc };
  if (range !== undefined) return { kind: "small", ...range, unsigned: range.low === 0 };
  switch (proto.kind) {
    case "list":
      return { kind: "list", of: protoForm(proto.of) };
    case "map":
      return { kind: "record", key: proto.key, of: protoForm(proto.of) };
    case "message": {
      const value = unwrapped(proto.desc);
      if (value !== undefined) return { kind: "boxed", desc: proto.desc, of: protoForm(value) };
      switch (proto.desc.typeName) {
        case "google.protobuf.ListValue":
        case "google.protobuf.Value":
          return { kind: "json", list: proto.desc.typeName === "google.protobuf.ListValue" };
        case "google.protobuf.Struct":
          return { kind: "struct" };
        case "google.protobuf.Any":
          return { kind: "any" };
        default:
          return PLAIN;
      }
    }
    case "scalar": {
      const { kind } = scalarType(proto.scalar).type;
      if (kind !== "int" && kind !== "uint") return proto.scalar === ScalarType.FLOAT ? { kind: "float" } : SCALAR;
      if (proto.text) return { kind: "digits", unsigned: kind === "uint" };
      return kind === "int" ? BIG : UNSIGNED;
    }
  }
}

/** Returns the same form with plain ints in place of enum values. */
export function withoutEnums(form: Form): Form {
  switch (form.kind) {
    case "small": {
      const { enum: _, ...any } = form;
      return any;
    }
    case "list":
    case "record":
    case "map":
      return { ...form, of: withoutEnums(form.of) };
    default:
      return form;
  }
}

export function formOf(type: CelType, proto: Proto | undefined): Form {
  if (proto === undefined) return celForm(type);
  const form = protoForm(proto);
  return type.kind === "wrapper" && form.kind !== "boxed" ? { kind: "nullable", of: form } : form;
}

/** Returns true if a value in one form is valid in the other without changes. */
export function sameForm(from: Form, to: Form): boolean {
  switch (from.kind) {
    case "small":
      return isWithin(from, to) && (to.enum === undefined || to.enum.typeName === from.enum?.typeName);
    case "list":
    case "nullable":
      return to.kind === from.kind && sameForm(from.of, to.of);
    case "record":
      return to.kind === "record" && from.key === to.key && sameForm(from.of, to.of);
    case "map":
      return to.kind === "map" && sameForm(from.key, to.key) && sameForm(from.of, to.of);
    case "boxed":
      return to.kind === "boxed" && from.desc.typeName === to.desc.typeName;
    case "json":
      return to.kind === "json" && from.list === to.list;
    case "float":
      return to.kind === "float" || to.kind === "plain";
    default:
      return from.kind === to.kind;
  }
}

function isWithin(from: Form & { readonly kind: "small" }, to: Form): to is Form & { readonly kind: "small" } {
  return to.kind === "small" && from.low >= to.low && from.high <= to.high;
}

/** Returns true if a conversion between two forms needs a check of range or type, which can fail. */
export function narrows(from: Form, to: Form): boolean {
  // A value known to be a string, a message … has no separate form and needs no check. Numbers from a dyn are checked.
  if (from.kind === "plain") {
    if (to.kind === "boxed" || to.kind === "nullable") return narrows(from, to.of);
    return to.kind === "small" || to.kind === "big" || to.kind === "digits";
  }
  if (from.kind === "digits")
    return to.kind === "boxed" || to.kind === "nullable" ? narrows(from, to.of) : to.kind === "small";
  // Their content is known at run time.
  if (from.kind === "json" || from.kind === "any") return !["json", "any", "struct", "plain"].includes(to.kind);
  if (to.kind === "boxed" || to.kind === "nullable") return narrows(contentOf(from), to.of);
  // Null is invalid in a scalar.
  if (from.kind === "nullable") {
    if (JSON_FORMS.has(to.kind)) return false;
    return to.kind !== "plain" || to.scalar === true || narrows(from.of, to);
  }
  if (from.kind === "boxed") return narrows(from.of, to);
  if (to.kind === "small") return from.kind === "big" || (from.kind === "small" && !isWithin(from, to));
  if (to.kind === "record" && (from.kind === "record" || from.kind === "map") && narrowsKeys(from, to)) return true;
  const holders = from.kind === "list" || from.kind === "record" || from.kind === "map";
  return holders && (to.kind === "list" || to.kind === "record" || to.kind === "map") && narrows(from.of, to.of);
}

const JSON_FORMS: ReadonlySet<Form["kind"]> = new Set<Form["kind"]>(["json", "any", "struct"]);

function contentOf(form: Form): Form {
  return form.kind === "nullable" || form.kind === "boxed" ? form.of : form;
}

/** Returns true if keys need a check before they fit a map of protobuf's. */
export function narrowsKeys(
  from: Form & { readonly kind: "record" | "map" },
  to: Form & { readonly kind: "record" },
): boolean {
  const fromKey = from.kind === "map" ? from.key : keyForm(from.key);
  const expected = keyForm(to.key);
  return expected.kind === "small" && !sameForm(fromKey, expected);
}

function keyForm(key: ScalarType): Form {
  return protoForm({ kind: "scalar", scalar: key });
}

/** Returns true if a form contains a message around a plain value, which no function of the runtime opens. */
export function hasBoxes(form: Form): boolean {
  switch (form.kind) {
    case "boxed":
    case "json":
    case "any":
    case "digits":
      return true;
    case "list":
    case "nullable":
    case "record":
      return hasBoxes(form.of);
    case "map":
      return hasBoxes(form.key) || hasBoxes(form.of);
    default:
      return false;
  }
}

/** Returns true if null is a value of a type. */
export function mayBeNull(type: CelType): boolean {
  return type.kind === "dyn" || type.kind === "null" || type.kind === "wrapper" || type.kind === "param";
}

/** Returns true if a value is a message or null, like the value of `c ? x : null`. */
export function isNullableMessage(type: CelType): boolean {
  return type.kind === "message" && type.nullable === true;
}

/** Returns the form of an integer whose range is known to be small, otherwise that of any integer. */
export function smallFormOf(node: Node): Form {
  const range = rangeOf(node);
  return range === undefined ? celForm(node.type) : { kind: "small", ...range, unsigned: node.type.kind === "uint" };
}

export function isUnsigned(form: Form): boolean {
  return (form.kind === "small" || form.kind === "big" || form.kind === "digits") && form.unsigned === true;
}

export function isPlain(form: Form): boolean {
  return form.kind === "plain" || ((form.kind === "list" || form.kind === "nullable") && isPlain(form.of));
}

/** Returns the form of a value in CEL's own form: integers are bigints, uints are boxed. */
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
        : { kind: "map", key: generic(celKeyForm(form.key)), of: generic(form.of) };
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

/** Returns the form of keys that were keys of an object: any integer is a `bigint`. */
export function celKeyForm(key: ScalarType): Form {
  if (key === ScalarType.BOOL || key === ScalarType.STRING) return PLAIN;
  return isUnsigned(protoForm({ kind: "scalar", scalar: key })) ? UNSIGNED : BIG;
}

/** Returns the form of a map's values or a list's elements. */
export function entryForm(form: Form): Form | undefined {
  return form.kind === "record" || form.kind === "map" || form.kind === "list" ? form.of : undefined;
}
