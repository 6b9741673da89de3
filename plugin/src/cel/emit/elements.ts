import type { Node } from "../types/expression.ts";
import { type Form, protoForm } from "../types/form.ts";
import type { CelType, Proto } from "../types/type.ts";
import type { Emitter } from "./emitter.ts";
import { atom, binary, commas, isNothing, LEVEL, type Piece, piece, runtime } from "./piece.ts";
import { emitRecord, isRecord } from "./record.ts";

/**
 * A value for a field: null is left out of lists and maps of messages, wrappers among them (cel-spec, "dynamic": "…_null_pruned"). Values of
 * JSON may be null, and what is packed into a google.protobuf.Any.
 */
export function emitElements(emitter: Emitter, node: Node, proto: Proto): Piece {
  const form = protoForm(proto);
  if (!takesNoNull(proto)) {
    return node.kind === "list" && form.kind === "list"
      ? emitter.list(node, form.of, node.elements.length === 0)
      : emitter.as(node, form);
  }
  if (node.kind === "list" && form.kind === "list") return prunedList(emitter, node, form.of);
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
  const of = type.kind === "list" ? type.element : type.kind === "map" ? type.value : undefined;
  if (of?.kind !== "wrapper") return of !== undefined && mayBeNull(of);
  const { form } = emitter.value(node);
  return (form.kind !== "list" && form.kind !== "record" && form.kind !== "map") || form.of.kind !== "boxed";
}

/** Whether null may be given to a field of a message. */
export function mayBeNull(type: CelType): boolean {
  return type.kind === "null" || type.kind === "wrapper" || (type.kind === "message" && type.nullable === true);
}

/** Whether a value for a field may hold nulls that the field cannot. */
export function holdsNulls(type: CelType, proto: Proto): boolean {
  const of = type.kind === "list" ? type.element : type.kind === "map" ? type.value : undefined;
  return of !== undefined && takesNoNull(proto) && mayBeNull(of);
}

function prunedList(emitter: Emitter, node: Node & { readonly kind: "list" }, of: Form): Piece {
  const elements = node.elements.flatMap((element, index) => {
    if (element.type.kind === "null") return [];
    if (node.optionals?.has(index)) return given(emitter, emitter.inner(element, of));
    const value = emitter.element(element, of);
    return value.nullable ? given(emitter, value) : [value];
  });
  return piece(["[", ...commas(elements), "]"], { kind: "list", of });
}

function given(emitter: Emitter, value: Piece): Piece[] {
  if (isNothing(value)) return [];
  const set = value.nullable ? binary(value, "??", atom("undefined"), LEVEL.nullish) : value;
  return [atom("...", ...runtime(emitter.names, "given", [set]).print)];
}
