import { protoForm } from "../../types/forms/form.ts";
import type { CelType, Node, Proto } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { arrow, atom, binary, commas, isNothing, LEVEL, type Piece, piece, runtime } from "../pieces/piece.ts";
import { emitRecord, isRecord } from "./record.ts";

/**
 * Prints a value for a field: null is left out of lists and maps of messages, including wrappers (cel-spec, "dynamic":
 * "…_null_pruned"). Values of JSON may be null, and so may values in a google.protobuf.Any.
 */
export function emitElements(emitter: Emitter, node: Node, proto: Proto): Piece {
  const form = protoForm(proto);
  if (!takesNoNull(proto)) {
    return node.kind === "list" && form.kind === "list"
      ? emitter.list(node, form.of, node.elements.length === 0)
      : emitter.as(node, form);
  }
  if (node.kind === "list" && proto.kind === "list") return prunedList(emitter, node, proto.of);
  if (node.kind === "map" && form.kind === "record" && isRecord(node, form))
    return emitRecord(emitter, node, form, true);
  const value = emitter.as(node, form);
  return holdsNull(emitter, node) ? runtime(emitter.names, "withoutNulls", [value], form) : value;
}

function takesNoNull(proto: Proto): boolean {
  if (proto.kind !== "list" && proto.kind !== "map") return false;
  return proto.of.kind === "message" && !/^google\.protobuf\.(Any|Value)$/.test(proto.of.desc.typeName);
}

function holdsNull(emitter: Emitter, node: Node): boolean {
  const { type } = node;
  const of = itemType(type);
  if (of?.kind !== "wrapper") return of !== undefined && mayBeNull(of);
  const { form } = emitter.value(node);
  return (form.kind !== "list" && form.kind !== "record" && form.kind !== "map") || form.of.kind !== "boxed";
}

/** Returns the type of a list's elements, or of a map's values. */
function itemType(type: CelType): CelType | undefined {
  if (type.kind === "list") return type.element;
  return type.kind === "map" ? type.value : undefined;
}

/**
 * Prints the content of an optional for a field, or `undefined`. Null in it leaves the field unset, too. `nullable`:
 * true if this also applies to a scalar, as in a field of a wrapper.
 */
export function emitOptional(emitter: Emitter, value: Node, proto: Proto, nullable: boolean): Piece {
  const form = protoForm(proto);
  const of = value.type.kind === "optional" ? value.type.of : value.type;
  const inner = emitter.inner(value, nullable && of.kind === "wrapper" ? { kind: "nullable", of: form } : form);
  if (isNothing(inner)) return inner;
  if (holdsNulls(of, proto)) {
    const name = emitter.names.local("value");
    const kept = arrow(name, runtime(emitter.names, "withoutNulls", [atom(name)]));
    return { ...runtime(emitter.names, "unlessUnset", [inner, kept], form), maybe: true };
  }
  // A wrapper field that is set has a value.
  const set = value.kind === "select" && typeof value.field !== "string";
  if (!mayBeNull(of) || set) return inner;
  return { ...binary(inner, "??", atom("undefined"), LEVEL.nullish, form), maybe: true };
}

/** Returns true if a field of a message may be set to null. */
function mayBeNull(type: CelType): boolean {
  return type.kind === "null" || type.kind === "wrapper" || (type.kind === "message" && type.nullable === true);
}

/** Returns true if a value for a field may contain nulls that the field cannot. */
function holdsNulls(type: CelType, proto: Proto): boolean {
  const of = itemType(type);
  return of !== undefined && takesNoNull(proto) && mayBeNull(of);
}

function prunedList(emitter: Emitter, node: Node & { readonly kind: "list" }, proto: Proto): Piece {
  const of = protoForm(proto);
  const elements = node.elements.flatMap((element, index) => {
    if (element.type.kind === "null") return [];
    if (node.optionals?.has(index)) return optionalElement(emitter, emitOptional(emitter, element, proto, false));
    const value = emitter.element(element, of);
    return value.nullable ? optionalElement(emitter, value) : [value];
  });
  return piece(["[", ...commas(elements), "]"], { kind: "list", of });
}

function optionalElement(emitter: Emitter, value: Piece): Piece[] {
  if (isNothing(value)) return [];
  const set = value.nullable ? binary(value, "??", atom("undefined"), LEVEL.nullish) : value;
  return [atom("...", ...runtime(emitter.names, "optionalElement", [set]).print)];
}
