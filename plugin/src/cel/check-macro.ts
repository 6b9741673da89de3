import type { Ast } from "./ast.ts";
import type { Checker, Place } from "./checker.ts";
import type { Node } from "./expression.ts";
import { anyFails } from "./join.ts";
import type { CelType, Proto, Variable } from "./type.ts";
import { typeName } from "./type-name.ts";

const BOOL: CelType = { kind: "bool" };

const DYN: CelType = { kind: "dyn" };

export const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "existsOne", "map", "filter"]);

/** `list.map(item, …)` and its like, checked as they are written. */
export function checkMacro(
  checker: Checker,
  ast: Ast & { kind: "call" },
  target: Ast,
  place: Place,
): Node | undefined | "no macro" {
  const { fn, args } = ast;
  if (!MACROS.has(fn)) return "no macro";
  const [nameAst, first, second] = args;
  const most = fn === "map" ? 3 : 2;
  if (nameAst === undefined || first === undefined || args.length > most) {
    if (args.length === 3)
      return checker.complain("BFF307", ast.name, `\`${fn}\` with two variables is not supported yet`);
    return checker.complain("BFF313", ast, `\`${fn}\` takes a name and an expression: x.${fn}(item, …)`);
  }
  if (nameAst.kind !== "ident") {
    return checker.complain("BFF313", nameAst, `the first thing in \`${fn}\` is the name of its variable`);
  }
  const range = checker.check(target, place);
  if (range === undefined) return undefined;
  const item = itemOf(range);
  if (item === undefined) {
    return checker.complain(
      "BFF305",
      target,
      `\`${fn}\` goes over a list or a map, and this is ${typeName(range.type)}`,
    );
  }
  const variable: Variable = { name: nameAst.name, role: "local", absent: false, ...item };
  const inner: Place = { ...place, locals: new Map([...place.locals, [variable.name, variable]]) };
  const bodies = checker.all(second === undefined ? [first] : [first, second], inner);
  if (bodies === undefined) return undefined;
  const [body, result] = bodies;
  if (body === undefined) return undefined;
  const filtering = fn !== "map" || result !== undefined;
  const condition = filtering ? checker.condition(body, first) : body;
  if (condition === undefined) return undefined;
  const macroArgs = result === undefined ? [condition] : [condition, result];
  const fails = range.fails || range.type.kind === "dyn" || anyFails(macroArgs);
  const [type, proto] = macroType(fn, range, variable, result ?? body);
  const macro = fn === "existsOne" ? "exists_one" : fn;
  return { ...checker.base(ast, type, proto, fails), kind: "macro", macro, range, vars: [variable], args: macroArgs };
}

function itemOf(range: Node): { type: CelType; proto: Proto | undefined } | undefined {
  switch (range.type.kind) {
    case "list":
      return {
        type: range.type.element.kind === "param" ? DYN : range.type.element,
        proto: range.proto?.kind === "list" ? range.proto.of : undefined,
      };
    case "map":
      return {
        type: range.type.key,
        proto: range.proto?.kind === "map" ? { kind: "scalar", scalar: range.proto.key } : undefined,
      };
    case "dyn":
      return { type: DYN, proto: undefined };
    default:
      return undefined;
  }
}

function macroType(fn: string, range: Node, item: Variable, body: Node): [CelType, Proto | undefined] {
  const list = (element: CelType, of: Proto | undefined): [CelType, Proto | undefined] => [
    { kind: "list", element },
    of && { kind: "list", of },
  ];
  if (fn === "filter") return list(item.type, range.type.kind === "dyn" ? undefined : item.proto);
  if (fn === "map") return list(body.type, body.proto);
  return [BOOL, undefined];
}
