import { ScalarType } from "@bufbuild/protobuf";
import type { Node, Proto } from "../model/type.ts";
import { assignable } from "./assignable.ts";
import { protoRange } from "./range.ts";
import { sameProto } from "./same-proto.ts";

export function anyFails(nodes: readonly Node[]): boolean {
  return nodes.some((node) => node.fails);
}

/**
 * Returns the representation of a node as an element. A value that is opened when it is read (a wrapper, a Value, an
 * Any …) has none.
 */
export function elementProto({ type, proto }: Node): Proto | undefined {
  if (type.kind === "wrapper" || (proto?.kind === "scalar" && proto.text)) return undefined;
  return proto?.kind === "message" && OPENED.test(proto.desc.typeName) ? undefined : proto;
}

/** Returns true if an element keeps the node's representation. */
export function isPlain(node: Node): boolean {
  return elementProto(node) === node.proto;
}

const OPENED = /^google\.protobuf\.(Any|Value|ListValue)$/;

/** The common representation; an integer literal takes that of the others when it fits. */
export function joinProtos(nodes: readonly Node[], expected?: Proto): Proto | undefined {
  const proto = expected ?? nodes.find((node) => node.proto !== undefined)?.proto;
  if (proto === undefined) return undefined;
  const range = protoRange(proto);
  const fits = (node: Node): boolean => {
    if (node.proto !== undefined) return sameProto(node.proto, proto);
    if (node.kind === "list" && proto.kind === "list") {
      return node.elements.every(isPlain) && joinProtos(node.elements, proto.of) !== undefined;
    }
    if (node.kind !== "constant" || node.value === null) return false;
    // In the form of a float, a double would lose digits and become another number.
    const float = proto.kind === "scalar" && proto.scalar === ScalarType.FLOAT;
    if (typeof node.value === "number") return !float || Object.is(Math.fround(node.value), node.value);
    if (typeof node.value !== "bigint") return true;
    if (proto.kind !== "scalar") return false;
    return range === undefined || (Number(node.value) >= range.low && Number(node.value) <= range.high);
  };
  const alike = nodes.every((node) => fits(node) && assignable(node.type, nodes[0]?.type ?? node.type));
  return alike ? proto : undefined;
}

/** The representation of a list that is made of one of this: a ListValue becomes a list of CEL's. */
export function computedList(proto: Proto | undefined): Proto | undefined {
  return proto?.kind === "list" ? proto : undefined;
}
