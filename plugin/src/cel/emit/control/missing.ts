// Tests for missing fields of composed messages, before an expression that reads them without a test.

import { childrenOf } from "../../types/facts/children.ts";
import { chosenOf } from "../../types/facts/mentions.ts";
import { expressionOfGaps, isComplete } from "../../types/facts/places.ts";
import { formOf } from "../../types/forms/form.ts";
import { fieldType } from "../../types/model/field-type.ts";
import type { Node, Variable } from "../../types/model/type.ts";
import type { Emitter } from "../emitter/emitter.ts";
import { countedItems } from "../emitter/steps.ts";
import { arrow, atom, binary, boolOf, LEVEL, method, operand, type Piece, piece, runtime } from "../pieces/piece.ts";
import { isReadIn } from "../pieces/print.ts";

/** Prints a test that a field of a message is missing. */
export function emitMissing(emitter: Emitter, of: Node, field: string): Piece {
  return runtime(emitter.names, "isMissing", [emitter.raw(of, true), atom(JSON.stringify(field))]);
}

/** Prints a test that a variable of the role "field" has no value. */
export function emitGapOf(emitter: Emitter, variable: Variable): Piece {
  const { missing } = variable;
  const root = expressionOfGaps(variable);
  if (root !== undefined) return emitGaps(emitter, root) ?? atom("false");
  const node = missing?.root && pathNode(missing.root, missing.path.slice(0, -1));
  const field = missing?.path.at(-1);
  if (node === undefined || field === undefined) throw new Error(`"${variable.name}" is no field`);
  return emitMissing(emitter, node, field.name);
}

function pathNode(root: Variable, path: NonNullable<Variable["missing"]>["path"]): Node {
  const base = { at: { file: "", line: 0, column: 0, endLine: 0, endColumn: 0 }, fails: false };
  let node: Node = { ...base, kind: "name", variable: root, type: root.type, proto: root.proto };
  for (const field of path) node = { ...base, ...fieldType(field), kind: "select", of: node, field, test: false };
  return node;
}

/**
 * Prints a test that an unsafe read of an item finds a missing field. Each macro counts the items that it visits;
 * branches that are not taken do not count. Undefined: there are no such reads.
 */
function emitGaps(emitter: Emitter, node: Node): Piece | undefined {
  switch (node.kind) {
    case "select": {
      const inside = emitGaps(emitter, node.of);
      if (node.gap === undefined || typeof node.field === "string") return inside;
      return either(inside, emitMissing(emitter, node.of, node.field.name));
    }
    case "macro":
      return gapsOfMacro(emitter, node);
    case "call": {
      if (node.gap !== undefined) return node.args.map((arg) => gapsOfWhole(emitter, arg)).reduce(either);
      const [condition, yes, no] = node.args;
      if (node.overload !== "conditional" || condition === undefined || yes === undefined || no === undefined) break;
      const chosen = chosenOf(node);
      if (chosen !== undefined) return emitGaps(emitter, chosen);
      return either(emitGaps(emitter, condition), gapsOfBranches(emitter, condition, yes, no));
    }
  }
  return childrenOf(node).reduce<Piece | undefined>(
    (found, child) => either(found, emitGaps(emitter, child)),
    undefined,
  );
}

/** Prints a test of an operand that is read as a whole. */
function gapsOfWhole(emitter: Emitter, node: Node): Piece | undefined {
  const inside = emitGaps(emitter, node);
  if (isComplete(node)) return inside;
  return either(inside, attempted(emitter, node, runtime(emitter.names, "lacksFields", [emitter.raw(node, true)])));
}

function gapsOfBranches(emitter: Emitter, condition: Node, yes: Node, no: Node): Piece | undefined {
  const [left, right] = [emitGaps(emitter, yes), emitGaps(emitter, no)];
  if (left === undefined && right === undefined) return undefined;
  const print = [
    ...operand(emitter.value(condition), LEVEL.nullish),
    " ? ",
    ...operand(left ?? atom("false"), LEVEL.conditional),
    " : ",
    ...operand(right ?? atom("false"), LEVEL.conditional),
  ];
  return attempted(emitter, condition, piece(print, atom("").form, LEVEL.conditional));
}

type Macro = Node & { readonly kind: "macro" };

function gapsOfMacro(emitter: Emitter, node: Macro): Piece | undefined {
  const { range, vars, macro, args } = node;
  const before = emitGaps(emitter, range);
  if (macro === "bind" || macro.startsWith("opt")) return either(before, gapsOfBound(emitter, node));
  const item = vars.at(-1);
  if (item === undefined) return before;
  const name = emitter.local(item);
  const items = countedItems(emitter, node, itemsOf(emitter, range, vars.length > 1));
  emitter.bind(item, piece([name], formOf(item.type, item.proto)));
  const [first, second] = macro === "reduce" ? args.slice(1) : args;
  const test = emitter.repeated(() => {
    const head = first && emitGaps(emitter, first);
    const rest = second && emitGaps(emitter, second);
    if (first === undefined || rest === undefined) return head;
    const chosen = binary(emitter.value(first), "&&", rest, LEVEL.and);
    return either(head, attempted(emitter, first, chosen));
  });
  const bodyOfStart = macro === "reduce" ? args[0] && emitGaps(emitter, args[0]) : undefined;
  const outside = either(before, bodyOfStart);
  if (test === undefined) return outside;
  const lambda = arrow(isReadIn(test.print, name) ? name : "", test);
  return either(outside, attempted(emitter, range, method(items, "some", [lambda])));
}

/** `cel.bind(x, value, body)`, and macros of an optional, whose body is evaluated if it has a value. */
function gapsOfBound(emitter: Emitter, { range, vars, macro, args }: Macro): Piece | undefined {
  const [variable] = vars;
  const [body] = args;
  if (variable === undefined || body === undefined) return undefined;
  const name = emitter.name(variable.name);
  const isBind = macro === "bind";
  const form = formOf(variable.type, isBind ? variable.proto : undefined);
  emitter.bind(variable, piece([name], form));
  const test = emitter.apart(() => emitGaps(emitter, body));
  if (test === undefined || (isBind && !isReadIn(test.print, name))) return test;
  const value = isBind ? emitter.as(range, form) : emitter.inner(range, form);
  const whole = isBind ? test : binary(atom(name, " !== undefined"), "&&", test, LEVEL.and);
  return attempted(emitter, range, piece(["(", ...arrow(name, whole).print, ")(", ...value.print, ")"], atom("").form));
}

/** Returns the items of a range: the elements of a list, the values of a map. */
function itemsOf(emitter: Emitter, range: Node, pairs: boolean): Piece {
  const value = emitter.value(range);
  if (value.form.kind === "list") return value;
  if (!pairs) return runtime(emitter.names, "items", [value]);
  if (value.form.kind === "map") return piece(["[...", ...method(value, "values", []).print, "]"], value.form);
  if (value.form.kind === "record") return atom("Object.values(", ...value.print, ")");
  return runtime(emitter.names, "items", [value]);
}

/** An error in a range or in a condition is one of the expression, which decides whether it counts. */
function attempted(emitter: Emitter, evaluated: Node, test: Piece): Piece {
  return evaluated.fails ? runtime(emitter.names, "finds", [arrow("", test)]) : test;
}

function either(left?: Piece, right?: Piece): Piece | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  if (boolOf(left) === false) return right;
  return binary(left, "||", right, LEVEL.or);
}
