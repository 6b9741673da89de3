import { type Ast, type CallAst, dottedName } from "../syntax/ast.ts";
import { resolveExtension, resolveName } from "../types/model/names.ts";
import type { CelType, Node, Variable } from "../types/model/type.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { checkFunction } from "./function.ts";
import { checkEquality, checkLogic, checkOk } from "./logic.ts";
import { checkMacro, iterationVariable } from "./macro.ts";
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

const HINT = "name one step: failure(step)";
const OF_ARGUMENT = "call `failure` where the step is declared, and pass a member of the failure as an argument";

/** `failure(step)`: why it has no value, or not its own, as an optional. */
function checkFailure(checker: Checker, ast: CallAst, place: CelPlace): Node | undefined {
  const [arg] = ast.args;
  const wrong = (): undefined => checker.complain("BFF319", arg ?? ast, "`failure` takes the name of a step", HINT);
  if (arg === undefined || ast.args.length !== 1) return wrong();
  if (arg.kind !== "ident") {
    const root = rootOf(arg);
    if (root?.kind !== "ident") return wrong();
    if (root.name === "args") return checker.complain("BFF319", arg, "`failure` takes the name of a step", OF_ARGUMENT);
    return checker.variable(root.name, place)?.role === "step"
      ? checker.complain("BFF319", arg, "`failure` takes the name of a step", `write failure(${root.name})`)
      : wrong();
  }
  const variable = checker.variable(arg.name, place);
  if (variable === undefined) return unknownName(checker, arg, arg.name, place);
  if (variable.role !== "step") return wrong();
  const { failure } = variable;
  if (failure === undefined) {
    const message = `"${arg.name}" never has a failure to read: it has a value, the response fails, or it is absent without a failure`;
    const hint = `add \`supplementary: true\` to "${arg.name}" if the response does not need it`;
    return checker.complain("BFF319", arg, message, hint, { derived: true });
  }
  checker.read(variable, "failure", arg, place);
  return { ...checker.base(ast, failure.type), kind: "name", variable: failure };
}

const DYN: CelType = { kind: "dyn" };

/**
 * Checks the calls that optimizers write: `cel.block([a, b], result)`, in which `cel.index(0)` is a, and
 * `cel.iterVar(0, 0)` is a variable of a macro.
 */
function checkBlock(checker: Checker, ast: Ast & { kind: "call" }, place: CelPlace): Node | undefined | "no block" {
  const { fn, target, args } = ast;
  if (target?.kind !== "ident" || target.name !== "cel" || place.locals.has("cel")) return "no block";
  const iteration = iterationVariable(ast);
  if (iteration !== undefined) return local(checker, iteration, ast, place);
  const [first, result] = args;
  if (fn === "index" && first?.kind === "constant") return local(checker, slotName(first.value), ast, place);
  if (fn !== "block" || first?.kind !== "list" || result === undefined) return "no block";
  return slots(checker, { ast, values: first.elements, result }, 0, place);
}

interface Block {
  readonly ast: Ast;
  readonly values: readonly Ast[];
  readonly result: Ast;
}

function slots(checker: Checker, block: Block, index: number, place: CelPlace): Node | undefined {
  const { ast, values, result } = block;
  const value = values[index];
  if (value === undefined) return checker.check(result, place);
  const range = checker.check(value, place);
  if (range === undefined) return undefined;
  const name = slotName(index);
  const variable: Variable = { name, role: "local", type: DYN, proto: undefined, absent: false };
  const inner: CelPlace = { ...place, locals: new Map([...place.locals, [name, variable]]) };
  const body = slots(checker, block, index + 1, inner);
  if (body === undefined) return undefined;
  const base = checker.base(ast, body.type, body.proto, range.fails || body.fails);
  const of = range.type.kind === "dyn" ? range : dynamic(checker, range);
  return { ...base, kind: "macro", macro: "bind", range: of, vars: [variable], args: [body] };
}

function dynamic(checker: Checker, node: Node): Node {
  return checker.dynamic(node);
}

function slotName(index: unknown): string {
  return `_index_${String(index)}`;
}

function local(checker: Checker, name: string, ast: Ast, place: CelPlace): Node | undefined {
  const variable = place.locals.get(name);
  if (variable === undefined) return checker.complain("BFF302", ast, `"${checker.textOf(ast)}" is not in scope here`);
  return { ...checker.base(ast, variable.type, variable.proto), kind: "name", variable };
}
