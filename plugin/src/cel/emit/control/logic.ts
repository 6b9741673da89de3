import { factsOf, operandsOf } from "../../types/facts/facts.ts";
import { celForm, type Form, formOf, sameForm, smallFormOf } from "../../types/forms/form.ts";
import { rangeOf } from "../../types/forms/range.ts";
import type { CallNode, Node } from "../../types/model/type.ts";
import { hideContradicted } from "../emitter/arms.ts";
import { contradictedInOrder } from "../emitter/contradiction.ts";
import type { Emitter } from "../emitter/emitter.ts";
import {
  arrow,
  atom,
  binary,
  boolOf,
  hidden,
  LEVEL,
  negated,
  operand,
  type Piece,
  piece,
  runtime,
} from "../pieces/piece.ts";

export function emitLogic(emitter: Emitter, node: CallNode): Piece {
  const [first] = node.args;
  if (first === undefined) return emitter.value(node);
  if (node.overload === "logical_not") return emitNot(emitter, first);
  return node.overload === "conditional" ? emitConditional(emitter, node) : emitJunction(emitter, node);
}

function emitNot(emitter: Emitter, of: Node): Piece {
  const value = emitter.value(of);
  if (of.kind === "ok" && of.field === undefined && value.level !== LEVEL.and && boolOf(value) === undefined) {
    return { ...value, print: value.print.map((part) => (part === " !== " ? " === " : part)) };
  }
  return negated(value);
}

/**
 * Prints `&&` and `||`. An operand that is printed as a literal decides, or is left out, because TypeScript would
 * narrow `x && false` to `false`. In CEL an error on one side is absorbed if the other side decides (spec, "Logical
 * Operators"). Operands that cannot fail therefore come first, and only two operands that can both fail need the
 * runtime. Tests by `ok` cannot fail, so TypeScript narrows by them first.
 */
function emitJunction(emitter: Emitter, node: CallNode): Piece {
  const and = node.overload === "logical_and";
  const operands = operandsOf(node, node.overload);
  if (emitter.strict) return emitInOrder(emitter, operands, and);
  const sure = operands.filter((node) => !node.fails);
  const failing = operands.filter((node) => node.fails);
  emitter.hide(contradictedInOrder([...sure, ...failing], and, emitter.aliases));
  const all = sure.map((node) => emitter.value(node));
  if (all.some((piece) => boolOf(piece) === !and)) {
    // An operand that is never evaluated is printed as well, and relies on these tests for narrowing.
    const open = all.filter((piece, i) => boolOf(piece) === undefined && narrowsBy(sure[i], and));
    return open.length === 0 ? atom(String(!and)) : joined([...open, hidden(atom(String(!and)))], and);
  }
  const pieces = all.filter((piece) => boolOf(piece) === undefined);
  const [only, ...more] = failing;
  if (only !== undefined) {
    pieces.push(
      more.length === 0
        ? emitter.value(only)
        : runtime(
            emitter.names,
            absorbing(emitter, and),
            failing.map((node) =>
              arrow(
                "",
                emitter.inside(() => emitter.value(node)),
              ),
            ),
          ),
    );
  }
  return joined(pieces, and);
}

/** Returns the function that lets an error pass only if no operand decides. In macros the errors take steps. */
function absorbing({ repeats, names }: Emitter, and: boolean): string {
  if (!repeats || names.counted === undefined) return and ? "and" : "or";
  return and ? "countedAnd" : "countedOr";
}

/** Returns true if TypeScript narrows variables by an operand. */
function narrowsBy(node: Node | undefined, outcome: boolean): boolean {
  return node !== undefined && factsOf(node)[outcome ? "whenTrue" : "whenFalse"].size > 0;
}

function joined([head, ...tail]: readonly Piece[], and: boolean): Piece {
  if (head === undefined) return atom(String(and));
  // `a || b && c` is correct but hard to read.
  const clear = (piece: Piece): Piece =>
    !and && piece.level === LEVEL.and ? { ...piece, print: operand(piece, LEVEL.atom), level: LEVEL.atom } : piece;
  const level = and ? LEVEL.and : LEVEL.or;
  return tail.reduce((left, right) => binary(left, and ? "&&" : "||", clear(right), level), clear(head));
}

/**
 * Prints the same for a strict expression: from left to right, like JavaScript, so that an error on the way is raised.
 */
function emitInOrder(emitter: Emitter, operands: readonly Node[], and: boolean): Piece {
  emitter.hide(contradictedInOrder(operands, and, emitter.aliases));
  const pieces: Piece[] = [];
  for (const node of operands) {
    const value = emitter.value(node);
    const known = boolOf(value);
    if (known === and) continue;
    if (known === undefined) pieces.push(value);
    else {
      // Operands before it may fail. Operands after it are never evaluated.
      pieces.push(pieces.length === 0 ? value : atom("Boolean(", String(!and), ")"));
      break;
    }
  }
  return joined(pieces, and);
}

/** Returns the one of two forms that contains the values of both unchanged. */
function wider(a: Form, b: Form): Form | undefined {
  if (a.kind === "big") return undefined;
  if (sameForm(a, b)) return b;
  return sameForm(b, a) ? a : undefined;
}

function isEmptyList(node: Node): node is Node & { readonly kind: "list" } {
  return node.kind === "list" && node.elements.length === 0;
}

/** `form`: the required form of the branches. */
export function emitConditional(emitter: Emitter, node: CallNode, target?: Form): Piece {
  const [condition, yes, no] = node.args;
  if (condition === undefined || yes === undefined || no === undefined) return emitter.value(node);
  hideContradicted(emitter, condition, yes, no);
  const a = emitter.value(yes);
  const b = emitter.value(no);
  const range = rangeOf(node);
  const whole = range === undefined || node.proto?.kind === "enum";
  const natural = whole ? formOf(node.type, node.proto) : smallFormOf(node);
  const form = (range === undefined && wider(a.form, b.form)) || natural;
  const nullable =
    [yes, no].some((branch) => branch.type.kind === "null") &&
    node.type.kind !== "wrapper" &&
    node.type.kind !== "null";
  // A read value is opened: the digits of an integer become a number.
  const opened = form.kind === "digits" || (node.type.kind === "wrapper" && form.kind !== "nullable");
  const expected = target ?? (opened ? celForm(node.type) : form);
  const test = emitter.value(condition);
  // TypeScript narrows nothing in a branch that is never taken.
  const known = boolOf(test);
  const branches = [yes, no].map((branch, index) => {
    // An empty list beside another list has the other one's type.
    const other = index === 0 ? no : yes;
    const typed = known === undefined && isEmptyList(branch) && !isEmptyList(other) && other.type.kind === "list";
    return typed && expected.kind === "list" ? emitter.list(branch, expected.of, true) : emitter.as(branch, expected);
  });
  const [left, right] = branches;
  if (left === undefined || right === undefined) return emitter.value(node);
  if (known !== undefined) return known ? left : right;
  const print = [
    ...operand(test, LEVEL.nullish),
    " ? ",
    ...operand(left, LEVEL.conditional),
    " : ",
    ...operand(right, LEVEL.conditional),
  ];
  const result = piece(print, expected, LEVEL.conditional);
  return { ...result, nullable: nullable || a.nullable || b.nullable || branches.some((branch) => branch.nullable) };
}
