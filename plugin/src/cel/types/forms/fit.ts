import type { CelType, Node } from "../model/type.ts";

/**
 * Inserts the checks that an operand and its parts need to fit `expected`. A wrapper must have a value, a message must
 * not be null, and a dyn must have that type. Every run-time check of a type that was unknown before is inserted here.
 */
export function fit(node: Node, expected: CelType): Node {
  if (!misfits(node.type, expected)) return node;
  const literal = fitLiteral(node, expected);
  if (literal !== undefined) return literal;
  const type = fitted(node.type, expected);
  return checked(node, type, opens(node.type, type) ? "unwrap" : "cast");
}

/** Returns a value whose type is checked at run time. */
export function checked(node: Node, type: CelType, overload: "cast" | "unwrap" = "cast"): Node {
  return { at: node.at, fails: true, type, proto: undefined, kind: "call", fn: "value", overload, args: [node] };
}

/** Makes the parts of a list, a map or a conditional fit. Returns undefined for other nodes. */
function fitLiteral(node: Node, expected: CelType): Node | undefined {
  const type = fitted(node.type, expected);
  if (node.kind === "list" && expected.kind === "list") {
    const elements = node.elements.map((element, index) =>
      fit(element, node.optionals?.has(index) ? { kind: "optional", of: expected.element } : expected.element),
    );
    return { ...node, type, elements, fails: elements.some(({ fails }) => fails) };
  }
  if (node.kind === "map" && expected.kind === "map") {
    const entries = node.entries.map(([key, value, optional]) => {
      const name = fit(key, expected.key);
      if (!optional) return [name, fit(value, expected.value)] as const;
      return [name, fit(value, { kind: "optional", of: expected.value }), true] as const;
    });
    return { ...node, type, entries, fails: true };
  }
  if (node.kind !== "call" || node.overload !== "conditional") return undefined;
  const [condition, ...branches] = node.args;
  if (condition === undefined || branches.some(({ type }) => type.kind === "null")) return undefined;
  const args = [condition, ...branches.map((branch) => fit(branch, expected))];
  return { ...node, type, proto: undefined, args, fails: true };
}

/** Returns true if a value of one type needs a check before it counts as one of the other. */
export function misfits(from: CelType, to: CelType): boolean {
  if (to.kind === "dyn" || to.kind === "param" || to.kind === "struct" || to.kind === "opaque") return false;
  switch (from.kind) {
    case "dyn":
      return true;
    case "wrapper":
      return to.kind !== "wrapper" && to.kind !== "null";
    case "message":
      return (
        to.kind !== "message" || to.desc.typeName !== from.desc.typeName || (from.nullable === true && !to.nullable)
      );
    case "null":
      return to.kind === "message" ? to.nullable !== true : !["wrapper", "null", "type"].includes(to.kind);
    case "list":
      return to.kind !== "list" || misfits(from.element, to.element);
    case "map":
      return to.kind !== "map" || misfits(from.key, to.key) || misfits(from.value, to.value);
    case "optional":
      return to.kind !== "optional" || misfits(from.of, to.of);
    case "param":
    case "struct":
    case "opaque":
      return false;
    default:
      // An element of a list of anything may be of a certain type, and of the wrong one.
      return from.kind !== (to.kind === "wrapper" ? to.of : to).kind;
  }
}

/** Returns the type after fitting. Parts that fitted before keep their types. */
function fitted(from: CelType, to: CelType): CelType {
  if (!misfits(from, to)) return from;
  if (from.kind === "list" && to.kind === "list") return { kind: "list", element: fitted(from.element, to.element) };
  if (from.kind === "map" && to.kind === "map")
    return { kind: "map", key: fitted(from.key, to.key), value: fitted(from.value, to.value) };
  if (from.kind === "optional" && to.kind === "optional") return { kind: "optional", of: fitted(from.of, to.of) };
  return to;
}

/** Returns true if the two types differ only in null. */
export function opens(from: CelType, to: CelType): boolean {
  if (from.kind === "wrapper") return from.of.kind === to.kind;
  return from.kind === "message" && to.kind === "message" && from.desc.typeName === to.desc.typeName;
}
