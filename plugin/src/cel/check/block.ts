import type { Ast } from "../syntax/ast.ts";
import type { CelType, Node, Variable } from "../types/model/type.ts";
import type { CelPlace, Checker } from "./checker.ts";
import { iterationVariable } from "./macro.ts";

const DYN: CelType = { kind: "dyn" };

/**
 * Checks the calls that optimizers write: `cel.block([a, b], result)`, in which `cel.index(0)` is a, and
 * `cel.iterVar(0, 0)` is a variable of a macro.
 */
export function checkBlock(
  checker: Checker,
  ast: Ast & { kind: "call" },
  place: CelPlace,
): Node | undefined | "no block" {
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
