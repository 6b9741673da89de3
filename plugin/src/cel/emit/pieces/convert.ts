import { convertible } from "../../types/forms/convertible.ts";
import { formOf, narrows, protoForm } from "../../types/forms/form.ts";
import { sameProto } from "../../types/forms/same-proto.ts";
import type { Proto } from "../../types/model/type.ts";
import { coerce } from "./coerce.ts";
import { type Code, LEVEL, type Names, piece } from "./piece.ts";

const LEVELS = {
  atom: LEVEL.atom,
  unary: LEVEL.unary,
  and: LEVEL.and,
  binary: LEVEL.nullish,
  conditional: LEVEL.conditional,
} as const;

/**
 * Converts code to exactly the representation `to`, if only the representation differs. `bigint` becomes `number` with
 * a check at run time (ExpressionError if it does not fit). `number` becomes `bigint`. Lists and maps are converted
 * element by element. Null and optional.none() become `undefined` (`mayBeUndefined`). Returns undefined if the types do
 * not match.
 */
export function emitAs(code: Code, to: Proto, names: Names): Code | undefined {
  if (code.as !== undefined) return code.as(to);
  if (code.proto !== undefined && sameProto(code.proto, to)) return code;
  if (code.mayBeUndefined || !convertible(code.type, code.proto, to)) return undefined;
  const value = piece(code.print, formOf(code.type, code.proto), LEVELS[code.precedence]);
  const { print, level } = coerce(value, protoForm(to), names);
  const fails = (code.fails ?? false) || narrows(value.form, protoForm(to));
  return { ...code, print: [...print], proto: to, precedence: level >= LEVEL.atom ? "atom" : code.precedence, fails };
}
