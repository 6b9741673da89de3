// Exports of the compiler for the language server (`protoc-gen-bff/internal/language`). No stage imports this file.
export {
  type CelToken,
  type CelType,
  checkExpression,
  childrenOf,
  ERROR_MEMBERS,
  type Expression,
  fieldType,
  functionNames,
  isReservedName,
  LANGUAGE,
  lex,
  MACROS,
  macroForm,
  type Node,
  type Overload,
  overloadsOf,
  type Scope,
  signature,
  typeNameOfEnums,
  type Variable,
} from "./cel/index.ts";
export { type Analysis, analyze, analyzeInSlices } from "./compile.ts";
export type { Origin, Sourced, Text } from "./diagnostic/diagnostic.ts";
export { functionMember } from "./plan/calls/entry-names.ts";
export { functionNameFault } from "./read/read-function.ts";
export { extensionNamed } from "./read/source/locate.ts";
export { type Parsed, parseProto } from "./read/source/parse-proto.ts";
export { decodeString } from "./read/source/string-literal.ts";
export { isClosed, type Token, tokenize } from "./read/source/tokens.ts";
export {
  type Declaration,
  elementsOf,
  type Field,
  type OptionStatement,
  type Stretch,
  textOf,
  valuesOf,
  type WrittenMessage,
  type WrittenString,
  type WrittenValue,
} from "./read/source/tree.ts";
export { describeRpc } from "./report/describe-files.ts";
export { callsOf, composesOf, sourceExpressions } from "./resolve/model/blocks.ts";
export type { Call } from "./resolve/model/call.ts";
export type { CheckedText } from "./resolve/model/checked-text.ts";
export type { Step } from "./resolve/model/model.ts";
export { governing, leavesFor } from "./resolve/policies/entries.ts";
