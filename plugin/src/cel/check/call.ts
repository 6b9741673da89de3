import { type Ast, type CallAst, dottedName } from "../syntax/ast.ts";
import { resolveExtension, resolveName } from "../types/model/names.ts";
import type { Node } from "../types/model/type.ts";
import { checkBlock } from "./block.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { checkFailure } from "./failure.ts";
import { checkFunction } from "./function.ts";
import { checkEquality, checkLogic, checkOk } from "./logic.ts";
import { checkMacro } from "./macro.ts";
import { checkHeader, checkSelect, extensionOf, rootOf, unknownName } from "./name.ts";
import { checkReceived } from "./response-metadata.ts";

/** Operators, functions and macros. */
export function checkCall(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const { fn, target, args } = ast;
  if (target === undefined) {
    switch (fn) {
      case "has":
        return checkHas(checker, ast, place);
      case "ok":
        return checkOk(checker, ast, place);
      case "failure":
        return checkFailure(checker, ast, place);
      case "header":
      case "trailer":
        return checkReceived(checker, ast, fn, place);
      case "_&&_":
      case "_||_":
      case "_?_:_":
        return checkLogic(checker, ast, place);
      case "_==_":
      case "_!=_":
        return checkEquality(checker, ast, place);
      case "_-_": {
        const header = headerOf(checker, ast, place);
        if (header === undefined) break;
        const message = "a name with a dash cannot follow a dot: this is a subtraction";
        return checker.complain("BFF305", ast, message, `write headers['${header}']`);
      }
      case "_[_]":
      case "@in": {
        const [first, second] = args;
        const container = fn === "_[_]" ? first : second;
        const key = fn === "_[_]" ? second : first;
        const group = container && checker.group(container, place);
        if (group?.role === "headers" && key !== undefined) {
          const name = checker.check(key, place);
          if (name === undefined) return undefined;
          if (name.type.kind !== "string")
            return checker.complain("BFF305", key, "the name of a header must be a string");
          return checkHeader(checker, { headers: group, name, test: fn === "@in" }, ast, place);
        }
        break;
      }
    }
  }
  const block = checker.language.blocks ? checkBlock(checker, ast, place) : "no block";
  if (block !== "no block") return block;
  const extension = checker.language.extensions ? checkExtension(checker, ast, place) : "no extension";
  if (extension !== "no extension") return extension;
  const macro = checkMacro(checker, ast, place);
  return macro === "no macro" ? checkFunction(checker, ast, place) : macro;
}

/** `has(x.field)`. */
function checkHas(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const [of] = ast.args;
  if (of?.kind !== "select" || ast.args.length !== 1) {
    const step = of?.kind === "ident" ? checker.variable(of.name, place)?.role === "step" : false;
    const hint = of?.kind === "ident" && step ? `write ok(${of.name}) to test whether the step has a value` : undefined;
    return checker.complain("BFF313", of ?? ast, "`has` takes a field: has(x.field)", hint);
  }
  const root = rootOf(of);
  const known = root?.kind !== "ident" || checker.variable(root.name, place) !== undefined;
  if (!known && checker.language.checked && !resolvesBefore(checker, of)) {
    return unknownName(checker, of, dottedName(of) ?? of.field, place);
  }
  return checkSelect(checker, of, place, true);
}

/** "x-request-id" for `headers.x-request-id`. */
function headerOf(checker: Checker, ast: Ast, place: CelPlace): string | undefined {
  if (ast.kind === "select") return checker.group(ast.of, place)?.role === "headers" ? ast.field : undefined;
  if (ast.kind !== "call" || ast.fn !== "_-_") return undefined;
  const [before, last] = ast.args;
  if (before === undefined || last?.kind !== "ident" || before.end + 1 !== last.start) return undefined;
  const name = headerOf(checker, before, place);
  return name && `${name}-${last.name}`;
}

/** Returns true if a part before the last dot has a meaning. */
function resolvesBefore(checker: Checker, ast: Ast & { kind: "select" }): boolean {
  for (let of = ast.of; ; of = of.of) {
    const dotted = dottedName(of);
    if (dotted !== undefined && resolveName(dotted, checker.scope, checker.registry) !== undefined) return true;
    if (of.kind !== "select") return false;
  }
}

/** `proto.getExt(message, pkg.extension)` and `proto.hasExt`. */
function checkExtension(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined | "no extension" {
  const { fn, target, args } = ast;
  if (target?.kind !== "ident" || target.name !== "proto" || !/^(get|has)Ext$/.test(fn)) return "no extension";
  const [message, named] = args;
  const dotted = named && dottedName(named);
  if (message === undefined || named === undefined || dotted === undefined || args.length !== 2) {
    return checker.complain("BFF313", ast, `\`proto.${fn}\` takes a message and the name of an extension`);
  }
  const of = checker.check(message, place);
  const extension = resolveExtension(dotted, checker.scope.container, checker.registry);
  if (extension === undefined) return checker.complain("BFF303", named, `the extension "${dotted}" does not exist`);
  return of && extensionOf(checker, of, extension, ast, fn === "hasExt");
}
