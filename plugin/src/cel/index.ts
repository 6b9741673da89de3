// The compiler's front door to expressions.
//
// parse + check:  checkExpression(text, scope, registry, report) → Expression | undefined   (undefined after a diagnostic)
// print:          emitValue(expression, names) → Code        CEL's value; nothing unset: unset messages read as their defaults
//                 emitPath(expression, names) → Code         only for `path`: `usage?.spentCents`; undefined when anything on the way is unset
// bind:           emitAs(code, proto, names) → Code | undefined   exactly that representation; undefined when the types do not match

export { checkExpression } from "./check/check.ts";
export { emitField, emitGap, emitPath, emitValue } from "./emit/emit.ts";
export { aliasesIn, comparisonsWith, contradicted, returnsOf } from "./emit/emitter/contradiction.ts";
export { isFixed, literalsOf } from "./emit/emitter/literals.ts";
export { zero } from "./emit/pieces/constant.ts";
export { emitAs } from "./emit/pieces/convert.ts";
export type { Code, Names } from "./emit/pieces/piece.ts";
export { isNamedIn, readable } from "./emit/pieces/print.ts";
export { celShape, protoShape } from "./emit/pieces/shape.ts";
export { type CelToken, lex } from "./syntax/lex.ts";
export { MACROS, macroForm } from "./syntax/macros.ts";
export { fieldName } from "./syntax/words.ts";
export { childrenOf } from "./types/facts/children.ts";
export {
  callerOutcome,
  goneWhere,
  leftBy,
  readsUntested,
  restOf,
  sureWhere,
  testedBy,
  undecidedBy,
} from "./types/facts/facts.ts";
export { type FieldRead, fieldReads, ITSELF, joinReads, PASSED, WHOLE } from "./types/facts/field-reads.ts";
export { messagesInside } from "./types/facts/held-types.ts";
export { isComplete, pathText, placesOf } from "./types/facts/places.ts";
export { strict } from "./types/facts/strict.ts";
export { assignable, sameType } from "./types/forms/assignable.ts";
export { convertible } from "./types/forms/convertible.ts";
export { isJson, packs } from "./types/forms/pack.ts";
export { protoRange, type Range } from "./types/forms/range.ts";
export { sameProto } from "./types/forms/same-proto.ts";
export { LANGUAGE, type Language } from "./types/functions/language.ts";
export { isReservedName } from "./types/functions/reserved-names.ts";
export { functionNames, overloadsOf } from "./types/functions/signatures.ts";
export { isPattern } from "./types/literals/literal.ts";
export { declaredDefault, isMisread } from "./types/model/declared-default.ts";
export { ERROR_MEMBERS, ERROR_TYPE, isError } from "./types/model/error-type.ts";
export { extensionNamed, NO_EXTENSIONS } from "./types/model/extension.ts";
export {
  enumOf,
  fieldType,
  inheritedUnset,
  isInherited,
  messageType,
  presenceOf,
  scalarType,
  unsetIsNull,
  unwrapped,
} from "./types/model/field-type.ts";
export type { Expression, Node, Read } from "./types/model/type.ts";
export {
  type CelType,
  type FieldType,
  type Lack,
  type Overload,
  type Proto,
  type Scope,
  USER_FUNCTION,
  type Variable,
} from "./types/model/type.ts";
export { signature, typeName, typeNameOfEnums } from "./types/model/type-name.ts";
export { type TypeFault, writtenType } from "./types/model/written-type.ts";
