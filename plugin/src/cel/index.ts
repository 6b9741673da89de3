// The compiler's front door to expressions.
//
// parse + check:  checkExpression(text, scope, registry, report) → Expression | undefined   (undefined after a diagnostic)
// print:          emitValue(expression, names) → Code        CEL's value; nothing unset: unset messages read as their defaults
//                 emitPath(expression, names) → Code         only for `path`: `usage?.spentCents`; undefined when anything on the way is unset
// bind:           emitAs(code, proto, names) → Code | undefined   exactly that representation; undefined when the types do not match
export { assignable, sameType } from "./assignable.ts";
export { checkExpression } from "./check.ts";
export { childrenOf } from "./children.ts";
export type { Code, Names } from "./code.ts";
export { aliasesIn, comparesItself, comparesName, contradicted } from "./contradiction.ts";
export { emitAs } from "./convert.ts";
export { convertible } from "./convertible.ts";
export { emitField, emitPath, emitValue } from "./emit.ts";
export { zero } from "./emit-constant.ts";
export type { Expression, Node, Read } from "./expression.ts";
export { extensionNamed, NO_EXTENSIONS } from "./extension.ts";
export { restOf, sureWhere } from "./facts.ts";
export {
  enumOf,
  fieldType,
  isInherited,
  messageType,
  presenceOf,
  scalarType,
  unsetIsNull,
  unwrapped,
} from "./field-type.ts";
export { isFixed, literalsOf } from "./literals.ts";
export { packs } from "./pack.ts";
export { isReservedName } from "./reserved.ts";
export { sameProto } from "./same-proto.ts";
export { functionNames } from "./signatures.ts";
export type { CelType, FieldType, Proto, Scope, Variable } from "./type.ts";
export { typeName, typeNameOfEnums } from "./type-name.ts";
export { fieldName } from "./words.ts";
