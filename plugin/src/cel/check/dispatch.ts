// Dispatch by kind of expression to the checking files. These files receive a `Checker` and check parts through its
// `check`. None of them imports another one for that, and none imports this file.
import type { Ast } from "../syntax/ast.ts";
import type { Node } from "../types/model/type.ts";
import { checkCall } from "./call.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { checkList, checkMap } from "./literal.ts";
import { checkMessage } from "./message.ts";
import { checkName } from "./name.ts";

/** Undefined after a diagnostic. */
export function checkAst(checker: Checker, ast: Ast, place: CelPlace): Node | undefined {
  switch (ast.kind) {
    case "constant": {
      const kind = constantKind(ast.value, ast.unsigned);
      return { ...checker.base(ast, { kind }), kind: "constant", value: ast.value };
    }
    case "ident":
    case "select":
      return checkName(checker, ast, place);
    case "call":
      return checkCall(checker, ast, place);
    case "list":
      return checkList(checker, ast, place);
    case "map":
      return checkMap(checker, ast, place);
    case "message":
      return checkMessage(checker, ast, place);
  }
}

function constantKind(value: (Node & { kind: "constant" })["value"], unsigned: boolean) {
  switch (typeof value) {
    case "string":
      return "string";
    case "bigint":
      return unsigned ? "uint" : "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    default:
      return value === null ? "null" : "bytes";
  }
}
