import { PLAIN } from "../../types/forms/form.ts";
import { INT32 } from "../../types/forms/range.ts";
import type { Node } from "../../types/model/type.ts";
import { LEVEL, operand, type Piece, piece } from "../pieces/piece.ts";

const TEXTS: ReadonlySet<unknown> = new Set(["message", "upstream"]);

/** A member of an error. `reason` is a number to TypeScript. */
export function emitMember(of: Piece, node: Node & { readonly kind: "select" }): Piece {
  const print = [...operand(of, LEVEL.atom), of.maybe ? "?." : ".", String(node.field)];
  return piece(print, TEXTS.has(node.field) ? PLAIN : { kind: "small", ...INT32 });
}
