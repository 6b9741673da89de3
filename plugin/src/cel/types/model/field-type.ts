import { type DescEnum, type DescExtension, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { CelType, FieldType, Proto } from "./type.ts";

/** Returns the CEL type of a field's value, and its representation in protobuf-es. */
export function fieldType(field: DescField | DescExtension): FieldType {
  switch (field.fieldKind) {
    case "scalar":
      return scalarOrText(field.scalar, field.longAsString);
    case "enum":
      return enumType(field.enum);
    case "message": {
      const value = messageType(field.message);
      // protobuf-es unboxes wrapper fields, but leaves them messages in a oneof, a list or a map.
      const unboxed = value.type.kind === "wrapper" && field.oneof === undefined ? unwrapped(field.message) : undefined;
      return unboxed === undefined ? value : { type: value.type, proto: unboxed };
    }
    case "list": {
      const element = elementType(field);
      return { type: { kind: "list", element: element.type }, proto: { kind: "list", of: element.proto } };
    }
    case "map": {
      const value = valueType(field);
      return {
        type: { kind: "map", key: scalarType(field.mapKey).type, value: value.type },
        proto: { kind: "map", key: field.mapKey, of: value.proto },
      };
    }
  }
}

function elementType(field: Extract<DescField | DescExtension, { fieldKind: "list" }>): FieldType {
  switch (field.listKind) {
    case "scalar":
      return scalarOrText(field.scalar, field.longAsString);
    case "enum":
      return enumType(field.enum);
    case "message":
      return messageType(field.message);
  }
}

function valueType(field: Extract<DescField | DescExtension, { fieldKind: "map" }>): FieldType {
  switch (field.mapKind) {
    case "scalar":
      return scalarType(field.scalar);
    case "enum":
      return enumType(field.enum);
    case "message":
      return messageType(field.message);
  }
}

export function enumType(desc: DescEnum): FieldType {
  return { type: { kind: "int", enum: desc }, proto: { kind: "enum", desc } };
}

export function scalarType(scalar: ScalarType): FieldType {
  return { type: { kind: SCALARS[scalar] }, proto: { kind: "scalar", scalar } };
}

/** `longAsString`: a field with jstype = JS_STRING, whose 64-bit integers are strings in TypeScript. */
function scalarOrText(scalar: ScalarType, longAsString: boolean): FieldType {
  const { type, proto } = scalarType(scalar);
  return { type, proto: longAsString && proto.kind === "scalar" ? { ...proto, text: true } : proto };
}

const SCALARS = {
  [ScalarType.BOOL]: "bool",
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.DOUBLE]: "double",
  [ScalarType.FLOAT]: "double",
  [ScalarType.INT32]: "int",
  [ScalarType.SINT32]: "int",
  [ScalarType.SFIXED32]: "int",
  [ScalarType.INT64]: "int",
  [ScalarType.SINT64]: "int",
  [ScalarType.SFIXED64]: "int",
  [ScalarType.UINT32]: "uint",
  [ScalarType.FIXED32]: "uint",
  [ScalarType.UINT64]: "uint",
  [ScalarType.FIXED64]: "uint",
} as const;

/**
 * Returns the CEL type of a message: wrappers, Struct, Value, ListValue and Any have separate types (CEL spec,
 * "Protocol Buffer Data Conversion").
 */
export function messageType(desc: DescMessage): FieldType {
  return { type: messageCelType(desc), proto: { kind: "message", desc } };
}

function messageCelType(desc: DescMessage): CelType {
  switch (desc.typeName) {
    case "google.protobuf.Struct":
      return { kind: "map", key: { kind: "string" }, value: { kind: "dyn" } };
    case "google.protobuf.ListValue":
      return { kind: "list", element: { kind: "dyn" } };
    case "google.protobuf.Value":
      return { kind: "dyn" };
    case "google.protobuf.Any":
      return { kind: "dyn", any: true };
    default: {
      const scalar = unwrapped(desc);
      return scalar === undefined ? { kind: "message", desc } : { kind: "wrapper", of: scalarType(scalar.scalar).type };
    }
  }
}

/** The scalar inside google.protobuf.Int32Value and its like. */
export function unwrapped(desc: DescMessage): (Proto & { kind: "scalar" }) | undefined {
  const field = isWrapperDesc(desc) ? desc.fields[0] : undefined;
  return field?.fieldKind === "scalar" ? { kind: "scalar", scalar: field.scalar } : undefined;
}

/** Returns the enum of a value, even if it has the form of any int. */
export function enumOf({
  type,
  proto,
}: {
  readonly type: CelType;
  readonly proto: Proto | undefined;
}): DescEnum | undefined {
  if (proto?.kind === "enum") return proto.desc;
  return type.kind === "int" ? type.enum : undefined;
}

/** An unset wrapper, Any, Value or ListValue has no default but null. */
export function unsetIsNull({ type, proto }: { readonly type: CelType; readonly proto: Proto | undefined }): boolean {
  if (proto?.kind === "scalar") return type.kind === "wrapper";
  return proto?.kind === "message" && type.kind !== "message" && proto.desc.typeName !== "google.protobuf.Struct";
}

/** Presence of a field. It determines the type of its property in protobuf-es, and the test of its presence. */
type Presence =
  /** A plain value. An unset field has its zero value. */
  | "implicit"
  /** The property is `T | undefined`. */
  | "optional"
  /** A member of a oneof: `{ case, value }`. */
  | "oneof"
  /** proto2 and editions: the property always has a value (a default), and `isFieldSet` tests its presence. */
  | "default";

export function presenceOf(field: DescField): Presence {
  if (field.oneof !== undefined) return "oneof";
  if (field.fieldKind === "list" || field.fieldKind === "map") return "implicit";
  if (field.fieldKind === "message") return "optional";
  if (field.proto.proto3Optional) return "optional";
  return field.presence === FeatureSet_FieldPresence.IMPLICIT ? "implicit" : "default";
}

/**
 * Returns true if every object has a member of the field's name, such as `has_own_property`, which an unset field would
 * read. Such a field is read through `ifFieldSet`. A field with a value even if unset is a property of every message.
 */
export function isInherited(field: DescField): boolean {
  return presenceOf(field) === "optional" && INHERITED.has(field.localName);
}

/**
 * Returns the properties that an initialiser with these properties must set to `undefined`. Every object has a member
 * of that name, which would replace an omitted field or oneof.
 */
export function inheritedUnset(desc: DescMessage, present: ReadonlySet<string>): readonly InheritedUnset[] {
  return desc.members.flatMap((member) =>
    INHERITED.has(member.localName) && !present.has(member.localName)
      ? [{ name: member.localName, exact: member.kind === "oneof" || presenceOf(member) !== "optional" }]
      : [],
  );
}
interface InheritedUnset {
  readonly name: string;
  /** True if its type lacks `undefined`, so that the initialiser uses `defined`. */
  readonly exact: boolean;
}
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
