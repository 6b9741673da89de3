// Conversion of a value to a field: the binding rules of language.md, "Fields".
import { type DescEnum, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import {
  type CelType,
  convertible,
  enumOf,
  isJson,
  type Proto,
  packs,
  sameProto,
  sameType,
  typeName,
  typeNameOfEnums,
  unwrapped,
} from "../../cel/index.ts";
import type { Conversion } from "../../model/conversion.ts";
import { copyInstead, noCopy, valueInstead } from "./replacement.ts";
import type { Aliases, SourceValue } from "./value.ts";

/** The reason why a value does not fit. */
interface Misfit {
  readonly kind: "misfit";
  readonly code: "BFF331" | "BFF332" | "BFF414" | "BFF344" | "BFF436";
  readonly message: string;
  readonly hint: string;
}
const SAME: Conversion = { kind: "same" };
const onlyNull = (): Misfit => ({
  kind: "misfit",
  code: "BFF331",
  message: "this optional never holds a value but null",
  hint: "write null in place of it",
});

/** Returns the conversion between two types, by the given type and then by the wanted one. */
export function conversion(
  from: SourceValue,
  to: { readonly type: CelType; readonly proto: Proto },
  aliases: Aliases,
): Conversion | Misfit {
  const { type, proto } = from;
  if (type.kind === "optional") {
    if (type.of.kind === "null" && (to.type.kind === "message" || to.type.kind === "wrapper")) return onlyNull();
    const inner = conversion({ type: type.of, proto: undefined }, to, aliases);
    return inner.kind === "same" ? { kind: "represent", as: to.proto } : inner;
  }
  if (type.kind === "list" && to.type.kind === "list" && takesNull(type.element, to.type.element))
    return holdsNull("list");
  if (type.kind === "map" && to.type.kind === "map" && takesNull(type.value, to.type.value)) return holdsNull("map");
  if (proto !== undefined && sameProto(proto, to.proto) && fits(type, to.type)) return SAME;
  if (type.kind === "dyn") {
    const isJsonValue = to.proto.kind === "message" && isJson(to.proto) && packs(from, to.proto);
    return isJsonValue ? { kind: "represent", as: to.proto } : dynamic(from, to);
  }
  if (type.kind === "struct") return misfit(from, to);
  if (type.kind === "null") return to.proto.kind === "message" || to.type.kind === "wrapper" ? SAME : misfit(from, to);
  switch (to.proto.kind) {
    case "scalar":
      return scalar(from, to, to.proto.scalar);
    case "enum":
      return toEnum(from, to, to.proto.desc, aliases);
    case "message":
      return toMessage(from, { type: to.type, proto: to.proto }, aliases);
    case "list": {
      if (type.kind !== "list" || to.type.kind !== "list") return misfit(from, to);
      if (type.element.kind === "param") return { kind: "represent", as: to.proto }; // []
      const of = conversion(
        { type: type.element, proto: proto?.kind === "list" ? proto.of : undefined },
        { type: to.type.element, proto: to.proto.of },
        aliases,
      );
      return lift("list", of, from, to);
    }
    case "map": {
      if (type.kind !== "map" || to.type.kind !== "map") return misfit(from, to);
      if (type.key.kind === "param") return { kind: "represent", as: to.proto }; // {}
      if (!sameType(type.key, to.type.key)) return misfit(from, to);
      const of = conversion(
        { type: type.value, proto: proto?.kind === "map" ? proto.of : undefined },
        { type: to.type.value, proto: to.proto.of },
        aliases,
      );
      return lift("map", of, from, to);
    }
  }
}

function toMessage(
  from: SourceValue,
  to: { readonly type: CelType; readonly proto: Proto & { readonly kind: "message" } },
  aliases: Aliases,
): Conversion | Misfit {
  const { type } = from;
  const { desc } = to.proto;
  // In a list, a map or a oneof a wrapper stays a message; only another such message fits there.
  if (unwrapped(desc) !== undefined) return misfit(from, to);
  // An Any holds any message, a Struct, Value or ListValue whatever can be written as JSON.
  if (packs(from, to.proto)) return { kind: "represent", as: to.proto };
  if (type.kind !== "message") return misfit(from, to);
  if (type.desc.typeName === desc.typeName) return SAME;
  const computed = notWrittenBack(type.desc, desc, aliases);
  if (computed !== undefined) return computed;
  const via = aliases.message(type.desc, desc);
  if (via !== undefined) return { kind: "message", via };
  return {
    kind: "misfit",
    code: "BFF414",
    message: noCopy(type.desc, desc, aliases),
    hint: copyInstead(type.desc, desc, aliases),
  };
}

/**
 * Returns the reason why a copy cannot become the upstream's message again. Undefined if it can, or is no copy of it.
 */
export function notWrittenBack(from: DescMessage, to: DescMessage, aliases: Aliases): Misfit | undefined {
  const found = aliases.unwritable(from, to);
  if (found === undefined) return undefined;
  const { field, why } = found;
  return {
    kind: "misfit",
    code: "BFF436",
    message: `"${from.name}" cannot be converted back to "${to.typeName}": "${field.parent.name}.${field.name}" ${why}`,
    hint: "set the fields by name, or bind the field to a plain path, such as source.name",
  };
}

/** Returns the conversion of a list or a map by the conversion of its parts. Each part of a literal is converted. */
function lift(
  kind: "list" | "map",
  of: Conversion | Misfit,
  from: SourceValue,
  to: { readonly type: CelType; readonly proto: Proto },
): Conversion | Misfit {
  const represented: Conversion = { kind: "represent", as: to.proto };
  if (of.kind !== "misfit") return of.kind === "same" || of.kind === "represent" ? represented : { kind, of };
  if (convertible(from.type, from.proto, to.proto, from.root)) return represented;
  if (
    of.code === "BFF344" &&
    partOf(from.type)?.kind === "dyn" &&
    (to.proto.kind === "list" || to.proto.kind === "map")
  ) {
    const part = to.proto.of;
    const expected = partOf(to.type) ?? to.type;
    const name = part.kind === "message" && expected.kind !== "wrapper" ? part.desc.typeName : typeName(expected);
    const known = isJson(part) ? CONVERTED : CONVERTED.intersection(new Set([typeName(expected)]));
    return unknownParts(from.type.kind, `each has to be ${article(name)}`, known);
  }
  return of.code === "BFF331" ? misfit(from, to) : of;
}

/** Returns true if a part may be null although a list or a map of a message has to hold messages. */
const takesNull = (part: CelType, expected: CelType): boolean =>
  part.kind === "null"
    ? expected.kind === "message" || expected.kind === "wrapper"
    : expected.kind === "message" && part.kind === "message" && part.nullable === true;

function holdsNull(kind: "list" | "map"): Misfit {
  return {
    kind: "misfit",
    code: "BFF331",
    message: `this ${kind} may contain null, which a ${kind === "list" ? "repeated" : "map"} field cannot contain`,
    hint: `leave out missing values, as in ${kind === "list" ? "[?c ? optional.of(x) : optional.none()]" : "{?'key': c ? optional.of(x) : optional.none()}"}`,
  };
}

function scalar(from: SourceValue, to: { type: CelType; proto: Proto }, target: ScalarType): Conversion | Misfit {
  const type = from.type.kind === "wrapper" ? from.type.of : from.type;
  const expected = to.type.kind === "wrapper" ? to.type.of : to.type;
  if (!sameType(type, expected)) return misfit(from, to);
  if (expected.kind !== "int" && expected.kind !== "uint") return SAME;
  const { proto } = from;
  if (proto?.kind === "scalar" && (BITS[proto.scalar] ?? 0) > (BITS[target] ?? 0)) {
    return {
      kind: "misfit",
      code: "BFF332",
      message: `${article(name(proto.scalar))} does not fit ${name(target)} for all of its values`,
      hint: `write ${expected.kind}(…) around it for a range check at run time; or declare a field of the BFF as ${name(proto.scalar)}`,
    };
  }
  return { kind: "represent", as: to.proto };
}

const BITS: Readonly<Partial<Record<ScalarType, number>>> = {
  [ScalarType.INT32]: 32,
  [ScalarType.SINT32]: 32,
  [ScalarType.SFIXED32]: 32,
  [ScalarType.UINT32]: 32,
  [ScalarType.FIXED32]: 32,
  [ScalarType.INT64]: 64,
  [ScalarType.SINT64]: 64,
  [ScalarType.SFIXED64]: 64,
  [ScalarType.UINT64]: 64,
  [ScalarType.FIXED64]: 64,
};
const name = (scalar: ScalarType): string => ScalarType[scalar].toLowerCase();

function toEnum(
  from: SourceValue,
  to: { readonly type: CelType; readonly proto: Proto },
  desc: DescEnum,
  aliases: Aliases,
): Conversion | Misfit {
  const { proto } = from;
  const fromEnum = enumOf(from);
  if (fromEnum === undefined)
    return proto === undefined || proto.kind === "scalar" ? integerToEnum(from, desc) : misfit(from, to);
  if (fromEnum.typeName !== desc.typeName) return enumAlias(fromEnum, desc, aliases);
  // A computed result of CEL is an int like any other.
  return proto?.kind === "enum" ? SAME : { kind: "represent", as: to.proto };
}

function integerToEnum(from: SourceValue, desc: DescEnum): Misfit {
  const [value] = desc.values;
  return {
    kind: "misfit",
    code: "BFF331",
    message: `enum "${desc.typeName}" accepts no ${typeName(from.type)}`,
    hint: `bind a value of the enum, such as ${desc.typeName}.${value?.name ?? ""}, or of an enum that it aliases`,
  };
}

function enumAlias(from: DescEnum, to: DescEnum, aliases: Aliases): Conversion | Misfit {
  const via = aliases.enum(from, to);
  if (via !== undefined) return { kind: "enum", via };
  return {
    kind: "misfit",
    code: "BFF414",
    message: noCopy(from, to, aliases),
    hint: copyInstead(from, to, aliases),
  };
}

function dynamic(from: SourceValue, to: { readonly type: CelType; readonly proto: Proto }): Misfit {
  const expected =
    to.proto.kind === "message" && to.type.kind !== "wrapper" ? to.proto.desc.typeName : typeName(to.type);
  return {
    kind: "misfit",
    code: "BFF344",
    message: `the type of this value is known only at run time (${typeName(from.type)}), but the field takes ${expected}`,
    hint: `${madeKnown(to) ?? ""}bind a value of known type`,
  };
}
/** Returns the words of a hint that give a value a known type. */
function madeKnown({ type, proto }: { readonly type: CelType; readonly proto: Proto }): string | undefined {
  if (type.kind === "dyn" && !isJson(proto)) return undefined;
  if (type.kind === "dyn") return "convert it, such as string(…) or double(…), or ";
  if (type.kind === "wrapper") return madeKnown({ type: type.of, proto });
  if (proto.kind === "enum") return undefined;
  if (type.kind === "list") {
    const by = typeName(type.element);
    return CONVERTED.has(by) ? `convert each element, such as ….map(one, ${by}(one)), or ` : undefined;
  }
  const by = typeName(type);
  return CONVERTED.has(by) ? `write ${by}(…) around it, or ` : undefined;
}
const CONVERTED: ReadonlySet<string> = new Set([
  "string",
  "bytes",
  "bool",
  "int",
  "uint",
  "double",
  "timestamp",
  "duration",
]);

/**
 * Reports values in a Struct or a ListValue whose types JSON may lack. The message names one type, because both sides
 * are called `map(string, dyn)` or `list(dyn)`.
 */
function unsureJson({ type }: SourceValue, { proto }: { readonly proto: Proto }): Misfit | undefined {
  if (proto.kind !== "message" || !isJson(proto) || partOf(type)?.kind !== "dyn") return undefined;
  const { typeName: name } = proto.desc;
  return unknownParts(
    type.kind,
    `${name} accepts only values that JSON has`,
    CONVERTED,
    `bind a field of type ${name}`,
  );
}
/** Elements, or values of a map, of no known type; `known`: what each may be made. */
function unknownParts(
  kind: CelType["kind"],
  expected: string,
  known: ReadonlySet<string>,
  otherwise = "bind a value of known type",
): Misfit {
  const map = kind === "map";
  const [by] = known;
  const convert = map ? `….transformMap(key, value, ${by}(value))` : `….map(one, ${by}(one))`;
  return {
    kind: "misfit",
    code: "BFF344",
    message: `the ${map ? "values of this map" : "elements of this list"} are known only at run time (dyn), but ${expected}`,
    hint: by === undefined ? otherwise : `convert each, as in ${convert}, or ${otherwise}`,
  };
}
function partOf(type: CelType): CelType | undefined {
  if (type.kind === "map") return type.value;
  return type.kind === "list" ? type.element : undefined;
}

function misfit(from: SourceValue, to: { readonly type: CelType; readonly proto: Proto }): Misfit {
  const unsure = unsureJson(from, to);
  if (unsure !== undefined) return unsure;
  const alike = describe(from) === describe(to);
  const [is, expected] = alike
    ? [typeNameOfEnums(from.type), typeNameOfEnums(to.type)]
    : [describe(from), describe(to)];
  return {
    kind: "misfit",
    code: "BFF331",
    message: `this is ${article(is)}, but the field takes ${expected}`,
    hint: valueInstead(from, to),
  };
}
function describe(value: SourceValue): string {
  const desc = enumOf(value);
  return desc === undefined ? typeName(value.type) : `enum ${desc.typeName}`;
}
function article(noun: string): string {
  if (noun === "bytes") return noun;
  return /^(?!uint)[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}
function fits(from: CelType, to: CelType): boolean {
  return from.kind === "wrapper" || to.kind === "wrapper" ? true : sameType(from, to);
}
