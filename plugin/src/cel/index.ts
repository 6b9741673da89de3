// The compiler's front door to expressions.
//
// parse + check:  checkExpression(text, scope, registry, report) → Expression | undefined   (undefined after a diagnostic)
// print:          emitValue(expression, names) → Code        CEL's value; nothing unset: unset messages read as their defaults
//                 emitPath(expression, names) → Code         only for `path`: `usage?.spentCents`; undefined when anything on the way is unset
// bind:           emitAs(code, proto, names) → Code | undefined   exactly that representation; undefined when the types do not match

export { checkExpression } from "./check/check.ts";
export type { Code, Names } from "./emit/code.ts";
export { zero } from "./emit/constant.ts";
export { aliasesIn, comparisonsWith, contradicted, returnsOf } from "./emit/contradiction.ts";
export { emitAs } from "./emit/convert.ts";
export { emitField, emitPath, emitValue } from "./emit/emit.ts";
export { isFixed, literalsOf } from "./emit/literals.ts";
export { isNamedIn, readable } from "./emit/printed.ts";
export { celShape, protoShape } from "./emit/shape.ts";
export { fieldName } from "./syntax/words.ts";
export { assignable, sameType } from "./types/assignable.ts";
export { childrenOf } from "./types/children.ts";
export { convertible } from "./types/convertible.ts";
export { ERROR_TYPE, isError } from "./types/error-type.ts";
export type { Expression, Node, Read } from "./types/expression.ts";
export { extensionNamed, NO_EXTENSIONS } from "./types/extension.ts";
export { goneWhere, restOf, sureWhere } from "./types/facts.ts";
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
} from "./types/field-type.ts";
export { LANGUAGE, type Language } from "./types/language.ts";
export { isPattern } from "./types/literal.ts";
export { isJson, packs } from "./types/pack.ts";
export { protoRange, type Range } from "./types/range.ts";
export { isReservedName } from "./types/reserved.ts";
export { sameProto } from "./types/same-proto.ts";
export { functionNames } from "./types/signatures.ts";
export { strict } from "./types/strict.ts";
export {
  type CelType,
  type FieldType,
  type Overload,
  OWN,
  type Proto,
  type Scope,
  type Variable,
} from "./types/type.ts";
export { signature, typeName, typeNameOfEnums } from "./types/type-name.ts";
export { type TypeFault, writtenType } from "./types/written-type.ts";
