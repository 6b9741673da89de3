// Operations whose steps count at run time (BFF_MAX_STEPS). A macro or a match that reads a list or a text of an answer
// once, and does no more than linear work, takes no steps: to decode the answer has cost as much.
import { childrenOf } from "../../types/facts/children.ts";
import type { CallNode, Node, Variable } from "../../types/model/type.ts";
import type { Piece } from "../pieces/piece.ts";
import type { Emitter } from "./emitter.ts";

/** Calls that may take more steps than their operands are long, and count these. All others count in macros only. */
const ALWAYS = /^(matches|join|repeat|replace|regex_|list_(sort|flatten|distinct)|set_|lists_range)/;

/** Calls of these whose steps are the length of their first operand. */
const LINEAR: ReadonlySet<string> = new Set(["matches", "regex_extract_string_string"]);

/** Calls that return a new text or list of their operands. */
const JOINED: ReadonlySet<string> = new Set(["add_string", "add_bytes", "add_list", "format"]);

/** Calls that read no more of their operands than the length of a constant second one. */
const BY_SECOND = /^((not_)?equals|less|greater|starts_with|ends_with)/;

/** Calls that read only a constant part of their operands. */
const CONSTANT =
  /^(size_(list|map|bytes)|index_|in_map|optional_|to_dyn|same|type|cast|unwrap|logical_|conditional|header|has_header|list_(first|last)|enum_)/;

/** Macros that visit each item once. The others count further steps. */
const PLAIN_MACROS: ReadonlySet<string> = new Set(["map", "filter", "all", "exists", "exists_one", "first"]);

/** Marks the operand by whose length the steps of a call count. */
export function measureOperand(emitter: Emitter, node: CallNode): void {
  const [first] = node.args;
  if (first !== undefined && isSuperlinear(node) && (emitter.repeats || !isLinearCall(node))) emitter.measure(first);
  const measured = emitter.repeats ? operandInMacros(node) : undefined;
  if (measured !== undefined) emitter.measure(measured);
}

const isSuperlinear = ({ overload, fn }: CallNode): boolean =>
  ALWAYS.test(overload) || (overload === "dynamic" && fn.startsWith("sort"));

function operandInMacros({ overload, args, userFunction }: CallNode): Node | undefined {
  if (userFunction !== undefined || CONSTANT.test(overload) || JOINED.has(overload)) return undefined;
  if (BY_SECOND.test(overload) && args.some((arg) => !isMeasured(arg))) return undefined;
  const measured = overload === "in_list" ? args[1] : args[0];
  return measured !== undefined && isMeasured(measured) ? measured : undefined;
}

/** Prints the result of a call, which counts if it is a new text or list. */
export function countedResult(emitter: Emitter, { overload }: CallNode, value: Piece): Piece {
  return emitter.repeats && JOINED.has(overload) ? emitter.counted(value) : value;
}

/** Prints the items of a macro, which count except in a list that is written out. */
export function countedItems(emitter: Emitter, node: Node & { readonly kind: "macro" }, items: Piece): Piece {
  const { macro, range, args } = node;
  const absorbs = (macro === "all" || macro === "exists") && args.some(({ fails }) => fails) && !emitter.strict;
  const isLinear = PLAIN_MACROS.has(macro) && isPaid(range) && !absorbs && !args.some(takesSteps);
  if (range.kind === "list" && !absorbs) return items;
  return isLinear && !emitter.repeats ? items : emitter.counted(items);
}

const isLinearCall = ({ overload, args: [first, ...others] }: CallNode): boolean =>
  LINEAR.has(overload) && first !== undefined && isOfAnswer(first) && others.every(({ kind }) => kind === "constant");

/** Returns true for a list of an answer, or for one whose items have been counted. */
function isPaid(range: Node): boolean {
  if (range.kind === "macro") return PLAIN_MACROS.has(range.macro) || range.macro.startsWith("sort");
  if (range.kind === "list") return true;
  const [list] = range.kind === "call" && AS_LONG.test(range.overload) ? range.args : [];
  return list === undefined ? isOfAnswer(range) : isPaid(list);
}
const AS_LONG = /^(take|list_(slice|sort|distinct|reverse))/;

/** Returns true for a path in an answer, or in an item of one. */
function isOfAnswer(node: Node): boolean {
  if (node.kind === "name") return OF_ANSWER.has(node.variable.role);
  return node.kind === "select" && isOfAnswer(node.of);
}
const OF_ANSWER: ReadonlySet<Variable["role"]> = new Set(["step", "item"]);

/** Returns true for a part of a macro that takes more than a step for each item. */
function takesSteps(node: Node): boolean {
  if (node.kind === "macro" && node.macro !== "bind") return true;
  if (node.kind === "call" && (isSuperlinear(node) || JOINED.has(node.overload))) return true;
  return (node.kind === "call" && operandInMacros(node) !== undefined) || childrenOf(node).some(takesSteps);
}

const TYPES: ReadonlySet<Node["type"]["kind"]> = new Set(["string", "bytes", "list", "dyn"]);

/** Returns true for a text or a list that is not written out. */
const isMeasured = ({ kind, type }: Node): boolean =>
  TYPES.has(type.kind) && kind !== "constant" && kind !== "list" && kind !== "enum";
