import type { CelType, Node } from "../model/type.ts";

/**
 * Returns the result of a comparison of two constants. Undefined if one is no constant. TypeScript rejects comparisons
 * of different literals.
 */
export function sameConstant(a: Node, b: Node): boolean | undefined {
  const typeA = staticType(a);
  const typeB = staticType(b);
  if (typeA !== undefined && typeB !== undefined) return typeA === typeB;
  if (a.kind !== "constant" || b.kind !== "constant") return undefined;
  if (a.value instanceof Uint8Array || b.value instanceof Uint8Array) return undefined;
  // Loosely, since 1 == 1.0 in CEL; the kinds compared are comparable.
  if (typeof a.value === "bigint" || typeof b.value === "bigint") {
    return typeof a.value === typeof b.value ? a.value === b.value : Number(a.value) === Number(b.value);
  }
  return a.value === b.value;
}

/** Returns the type name that an expression of type `type` returns, if it is known beforehand. */
export function staticType(node: Node): string | undefined {
  if (node.kind === "typename") return runtimeTypeName(node.named);
  if (node.kind !== "call" || node.overload !== "type") return undefined;
  // An enum may count as a separate type.
  if (node.type.kind === "type" && node.type.of.kind === "opaque") return node.type.of.name;
  // An error of the operand is also one of `type`.
  if (node.args[0]?.fails) return undefined;
  const type = node.args[0]?.type;
  return type === undefined || type.kind === "dyn" || type.kind === "wrapper" ? undefined : runtimeTypeName(type);
}

/** Returns a type's name in the form of `type(x)`: without parameters. */
export function runtimeTypeName(type: CelType): string {
  if (type.kind === "message") return type.desc.typeName;
  if (type.kind === "null") return "null_type";
  if (type.kind === "wrapper") return runtimeTypeName(type.of);
  return type.kind === "optional" ? "optional_type" : type.kind;
}
