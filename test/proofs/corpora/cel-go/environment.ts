// Variables of both sides: the fields of t.Vars, once as they are in protobuf (x) and once in CEL's own form (c_x).
import {
  createRegistry,
  type DescField,
  type DescFile,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import * as wkt from "@bufbuild/protobuf/wkt";
import { type CelType, fieldType, type Scope, type Variable } from "../../../../plugin/src/cel/index.ts";
import { fromAny, fromMessage } from "../../../../runtime/src/expressions/index.ts";
import { Uint } from "../../../../runtime/src/expressions/value/value.ts";
import { MESSAGES } from "./generated-files.ts";
import json from "./variables.json" with { type: "json" };

const { file_t: file } = (await import(MESSAGES)) as { readonly file_t: DescFile };

export const registry = createRegistry(
  file,
  wkt.file_google_protobuf_any,
  wkt.file_google_protobuf_duration,
  wkt.file_google_protobuf_timestamp,
  wkt.file_google_protobuf_struct,
  wkt.file_google_protobuf_wrappers,
  wkt.file_google_protobuf_empty,
  wkt.file_google_protobuf_field_mask,
);

const schema = registry.getMessage("t.Vars")!;
/** The message of all variables, for cel-go. */
export const binary = toBinary(schema, fromJson(schema, json as JsonValue, { registry }));
const message = fromBinary(schema, binary) as Message & Readonly<Record<string, unknown>>;
const reflected = reflect(schema, message);

/** Returns the value of a field of Vars in CEL's form. */
function celForm(field: DescField): unknown {
  const { type } = fieldType(field);
  if (field.fieldKind === "list") {
    const element = type.kind === "list" ? type.element : type;
    return [...reflected.get(field)].map((value) => celValue(field, value, element));
  }
  if (field.fieldKind === "map") {
    const of = type.kind === "map" ? type.value : type;
    const key = (mapKey: unknown) => (typeof mapKey === "number" ? BigInt(mapKey) : mapKey);
    return new Map([...reflected.get(field)].map(([k, v]) => [key(k), celValue(field, v, of)]));
  }
  if (field.fieldKind === "message" && !reflected.isSet(field)) return null;
  const value = celValue(field, reflected.get(field), type);
  // A Struct is an object of JSON; what CEL computes is a Map.
  return type.kind === "map" ? new Map(Object.entries(Object(value))) : value;
}

function celValue(field: DescField, value: unknown, type: CelType): unknown {
  if (isReflectMessage(value)) {
    const held = value.message;
    const plain = held.$typeName === "google.protobuf.Any" ? fromAny(held as wkt.Any, registry) : fromMessage(held);
    return plain instanceof Uint && type.kind === "wrapper" ? plain.value : plain;
  }
  if (typeof value !== "number") return value;
  return type.kind === "double" || (field.fieldKind === "map" && field.scalar === 1) ? value : BigInt(value);
}

const all: Variable[] = [];
/** By name, for compiled code. */
export const values: Record<string, unknown> = {};
for (const field of schema.fields) {
  const { type, proto } = fieldType(field);
  const unset = type.kind === "wrapper" ? field : undefined;
  all.push({ name: field.name, role: "arg", type, proto, absent: false, unset });
  values[field.name] = message[field.localName];
  all.push({ name: `c_${field.name}`, role: "var", type, proto: undefined, absent: false });
  values[`c_${field.name}`] = celForm(field);
}
export const variables: readonly Variable[] = all;
const byName = new Map(all.map((variable) => [variable.name, variable]));

export const scope: Scope = { lookup: (name) => byName.get(name), names: () => byName.keys(), container: "t" };
