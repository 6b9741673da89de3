// TypeScript gives a literal a separate type. It would reject a comparison of a constant `"a"` with any other text, and
// of one literal with another. An enum's literal keeps this type in every inference; literals of strings and numbers
// keep it only in constants.

import type { Node, Variable } from "../../types/model/type.ts";
import { asserted, type Names, type Piece } from "../pieces/piece.ts";
import { aliasesIn } from "./contradiction.ts";

type Literal = Extract<Node, { readonly kind: "constant" | "enum" }>;
type Bound = (variable: Variable) => Node | undefined;

/** Returns the literals that may be the value of an expression. */
export function literalsOf(node: Node, bound: Bound = aliasesIn([node]).bound): readonly Literal[] {
  return leavesOf(node, bound).filter(isLiteral);
}

/** Widens a value to its type, if its only possible values are literals. */
export function widened(value: Piece, node: Node, bound: Bound, names: Names): Piece {
  const printed = printedType(value);
  if (printed !== undefined) return as(value, printed);
  const leaves = leavesOf(node, bound);
  const types = new Set(leaves.filter(isLiteral).map((literal) => typeOf(literal, value)));
  const [type] = types;
  if (type === undefined || types.size > 1 || !leaves.every(isLiteral)) return value;
  return as(value, type === "enum" ? enumOf(leaves, names) : type);
}

/** Returns the value for type inference: as one of its enum, if it may be a literal of one. */
export function inferred(value: Piece, node: Node, bound: Bound, names: Names): Piece {
  const literals = literalsOf(node, bound);
  const isEnum = literals.length > 0 && literals.every((literal) => typeOf(literal, value) === "enum");
  return isEnum ? as(value, enumOf(literals, names)) : value;
}

/**
 * Returns the result of a function with an inferred type, because TypeScript would infer a union of several literals.
 */
export function returned(value: Piece, node: Node, bound: Bound, names: Names): Piece {
  const leaves = leavesOf(node, bound);
  return leaves.length > 1 && leaves.every(isLiteral)
    ? widened(value, node, bound, names)
    : inferred(value, node, bound, names);
}

/** Returns true if the only possible values are literals. */
export function isFixed(node: Node, bound: Bound = aliasesIn([node]).bound): boolean {
  return leavesOf(node, bound).every(isLiteral);
}

/** Returns the same for a printed value. A value that is computed when code is generated is a literal, too. */
export function isPrintedFixed(value: Piece, node: Node, bound: Bound): boolean {
  return printedType(value) !== undefined || isFixed(node, bound);
}

function printedType({ print }: Piece): string | undefined {
  const text = print.join("");
  if (text === "true" || text === "false") return "boolean";
  const [, big] = /^-?\d[\d.]*(?:e[+-]?\d+)?(n?)$/.exec(text) ?? [];
  if (big === undefined) return undefined;
  return big === "n" ? "bigint" : "number";
}

function as(value: Piece, type: Piece["print"][number] | undefined): Piece {
  return type === undefined ? value : asserted(value, [type]);
}

const isLiteral = (node: Node): node is Literal => node.kind === "constant" || node.kind === "enum";

/** Returns the type to which a literal is widened. Undefined if it is no primitive, and so has no literal type. */
function typeOf(literal: Literal, { form, print }: Piece): string | undefined {
  const { kind } = form;
  if (/^(BigInt|Number)\b/.test(String(print[0]))) return undefined;
  if (literal.kind === "enum") return kind === "small" || kind === "plain" ? "enum" : undefined;
  if (typeof literal.value === "object") return undefined;
  if (typeof literal.value === "bigint") return kind === "small" ? "number" : "bigint";
  return typeof literal.value;
}

/** Returns the enum of literals, if all are of one enum. */
function enumOf(literals: readonly Node[], names: Names): Piece["print"][number] | undefined {
  const [first, ...others] = literals.flatMap((literal) => (literal.kind === "enum" ? [literal.desc] : []));
  if (first === undefined || others.some((other) => other.typeName !== first.typeName)) return undefined;
  return names.shape(first);
}

/** Values of empty wrapper literals. */
const ZEROS: Readonly<Record<string, bigint | number | boolean>> = { int: 0n, uint: 0n, double: 0, bool: false };

/** Returns the nodes of which one is the value. */
function leavesOf(node: Node, bound: Bound): readonly Node[] {
  if (node.kind === "name") {
    const value = bound(node.variable);
    return value === undefined ? [node] : leavesOf(value, bound);
  }
  if (node.kind === "macro" && node.macro === "bind") return node.args.flatMap((body) => leavesOf(body, bound));
  if (node.kind === "message" && node.type.kind === "wrapper") {
    const [only] = node.fields;
    return only === undefined
      ? [{ ...node, kind: "constant", value: ZEROS[node.type.of.kind] ?? "" }]
      : leavesOf(only.value, bound);
  }
  if (node.kind !== "call") return [node];
  const [first, second] = node.args;
  switch (node.overload) {
    case "same":
    case "uint64_to_int64":
    case "int64_to_uint64":
      return first === undefined ? [node] : leavesOf(first, bound);
    case "conditional":
      return node.args.slice(1).flatMap((arm) => leavesOf(arm, bound));
    case "optional_value":
    case "optional_or_value": {
      const held = first && heldBy(first);
      if (held === undefined) return [node];
      const other = held.always || second === undefined ? [] : [second];
      return [...held.nodes, ...other].flatMap((leaf) => leavesOf(leaf, bound));
    }
    default:
      return [node];
  }
}

/** Returns the content of an optional that the node itself creates. `always`: the optional is never empty. */
function heldBy(optional: Node): { readonly nodes: readonly Node[]; readonly always: boolean } | undefined {
  if (optional.kind !== "call") return undefined;
  if (optional.overload === "optional_none") return { nodes: [], always: false };
  if (optional.overload === "optional_of") return { nodes: optional.args, always: true };
  if (optional.overload === "optional_of_non_zero") return { nodes: optional.args, always: false };
  const either = optional.overload === "optional_or";
  if (!either && optional.overload !== "conditional") return undefined;
  const [yes, no] = (either ? optional.args : optional.args.slice(1)).map(heldBy);
  if (yes === undefined || no === undefined) return undefined;
  const always = either ? yes.always || no.always : yes.always && no.always;
  return { nodes: [...yes.nodes, ...no.nodes], always };
}
