// The two branches of a conditional.

import type { Form } from "../../types/forms/form.ts";
import type { Node } from "../../types/model/type.ts";
import { boolOf, LEVEL, operand, type Piece, piece } from "../pieces/piece.ts";
import { contradicted, type NameValues } from "./contradiction.ts";

/** The part of an emitter that prints tests. */
interface Tests {
  readonly aliases: NameValues;
  hide(nodes: readonly Node[]): void;
  value(node: Node): Piece;
}

/** Hides conditions whose narrowing TypeScript would apply wrongly in one of the branches. */
export function hideContradicted(emitter: Tests, condition: Node, yes: Node, no: Node): void {
  emitter.hide([
    ...contradicted(condition, true, yes, emitter.aliases),
    ...contradicted(condition, false, no, emitter.aliases),
  ]);
}

/**
 * Prints a conditional, whose branches `arm` prints. If the condition is known, only the taken branch is printed,
 * because the other one may read a value that TypeScript has narrowed to absent.
 *
 * @returns `arms`: the printed branches, one or both
 */
export function emitArms(
  emitter: Tests,
  [condition, yes, no]: readonly [Node, Node, Node],
  form: Form,
  arm: (branch: Node) => Piece,
): { readonly value: Piece; readonly arms: readonly Piece[] } {
  hideContradicted(emitter, condition, yes, no);
  const [left, right] = [arm(yes), arm(no)];
  const test = emitter.value(condition);
  const known = boolOf(test);
  if (known !== undefined) {
    const value = known ? left : right;
    return { value, arms: [value] };
  }
  const [leftCode, rightCode] = [left, right].map((branch) => operand(branch, LEVEL.conditional));
  const print = [...operand(test, LEVEL.nullish), " ? ", ...(leftCode ?? []), " : ", ...(rightCode ?? [])];
  return { value: piece(print, form, LEVEL.conditional), arms: [left, right] };
}
