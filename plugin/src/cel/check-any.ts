// Where the printer does not know the messages that an Any may hold, an Any can only be passed on.
import type { Span } from "./ast.ts";
import type { Checker } from "./checker.ts";
import { childrenOf } from "./children.ts";
import type { Node } from "./expression.ts";
import { fieldType } from "./field-type.ts";
import type { CelType } from "./type.ts";

export function refuseAny(checker: Checker, at: Span): undefined {
  return checker.complain(
    "BFF307",
    at,
    "looking into a google.protobuf.Any is not supported yet",
    "It can be bound as it is.",
  );
}

/** Whether an Any would have to be opened or made somewhere in the expression; then it has been reported. */
export function refusesAny(root: Node, checker: Checker): boolean {
  if (root.kind === "message" && root.desc.typeName === ANY) return refused(root, checker);
  return partsToOpen(root).some((node) => (isAny(node) ? refused(node, checker) : refusesAny(node, checker)));
}

/** A field of a message takes an Any as it is. */
function partsToOpen(node: Node): readonly Node[] {
  if (node.kind !== "message") return childrenOf(node);
  return node.fields.flatMap(({ field, value }) => (holdsAny(fieldType(field).type) ? childrenOf(value) : [value]));
}

const ANY = "google.protobuf.Any";

function isAny({ proto, type }: Node): boolean {
  return (proto?.kind === "message" && proto.desc.typeName === ANY) || (type.kind === "dyn" && type.any === true);
}

/** Whether a value of this type is an Any, or holds some as elements or values. */
export function holdsAny(type: CelType): boolean {
  if (type.kind === "list") return holdsAny(type.element);
  if (type.kind === "map") return holdsAny(type.value);
  return type.kind === "dyn" && type.any === true;
}

function refused(node: Node, checker: Checker): true {
  refuseAny(checker, checker.spanOf(node));
  return true;
}
