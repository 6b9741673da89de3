// Values of the cases as compiled code has them, and whether two are the same.
import type { Value } from "@bufbuild/cel-spec/cel/expr/value_pb.js";
import type { Message } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import type { CelType } from "../../../../plugin/src/cel/index.ts";
import * as rt from "../../../../runtime/src/expressions/index.ts";
import { registry } from "./environment.ts";

/** A value whose type is not known beforehand: a uint is a `Uint`. */
export function fromValue({ kind }: Value): unknown {
  switch (kind.case) {
    case "nullValue":
    case undefined:
      return null;
    case "enumValue":
      return BigInt(kind.value.value);
    case "uint64Value":
      return rt.uint(kind.value);
    case "typeValue":
      return rt.typeNamed(kind.value);
    case "objectValue":
      return opened(anyUnpack(kind.value, registry));
    case "mapValue":
      return new Map(
        kind.value.entries.map(({ key, value: item }) => [key && rt.keyOf(fromValue(key)), item && fromValue(item)]),
      );
    case "listValue":
      return kind.value.values.map(fromValue);
    default:
      return kind.value;
  }
}

/** Wrappers, JSON and what an Any holds are plain values to CEL. */
function opened(message: Message | undefined): unknown {
  if (message === undefined) return undefined;
  if (message.$typeName === "google.protobuf.Any") return rt.fromAny(message as Any, registry);
  return rt.fromMessage(message);
}

/** A value for a variable of a type: there a uint is a `bigint`. */
export function asDeclared(value: unknown, type: CelType | undefined): unknown {
  if (value instanceof rt.Uint && (type?.kind === "uint" || type?.kind === "wrapper")) return value.value;
  if (Array.isArray(value) && type?.kind === "list") return value.map((item) => asDeclared(item, type.element));
  if (!(value instanceof Map) || type?.kind !== "map") return value;
  return new Map([...value].map(([key, item]) => [key, asDeclared(item, type.value)]));
}

/** A value of a type as one whose type is not known beforehand. */
export function asDynamic(value: unknown, type: CelType): unknown {
  switch (type.kind) {
    case "int":
      return typeof value === "number" ? BigInt(value) : value;
    case "uint":
      return typeof value === "number" || typeof value === "bigint" ? rt.uint(value) : value;
    case "wrapper":
      return asDynamic(value, type.of);
    case "list":
      return Array.isArray(value) ? value.map((item) => asDynamic(item, type.element)) : value;
    case "map": {
      if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, asDynamic(item, type.value)]));
      if (typeof value !== "object" || value === null) return value;
      return new Map(Object.entries(value).map(([key, item]) => [asKey(key, type.key), asDynamic(item, type.value)]));
    }
    default:
      return value;
  }
}

function asKey(key: string, type: CelType): unknown {
  if (type.kind === "bool") return key === "true";
  return type.kind === "int" || type.kind === "uint" ? BigInt(key) : key;
}

/** Reports whether two values are equal and of one type. */
export function sameValue(result: unknown, expected: unknown): boolean {
  if (Number.isNaN(expected) && Number.isNaN(result)) return true;
  return rt.typeName(result) === rt.typeName(expected) && rt.equal(result, expected, registry);
}

export function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner) =>
      typeof inner === "bigint" ? `${inner}n` : inner instanceof Map ? [...inner] : inner,
    ) ?? "undefined"
  );
}
