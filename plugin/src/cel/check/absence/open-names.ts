// `x.?f`, where x is a name that may have no value.
import type { Ast } from "../../syntax/ast.ts";
import type { CelType, Node, Variable } from "../../types/model/type.ts";
import type { CelPlace, Checker } from "../checker.ts";

const BOOL: CelType = { kind: "bool" };

/** Returns the variable that an operand names, if it may have no value there. */
export function openVariable(checker: Checker, of: Ast, place: CelPlace): Variable | undefined {
  const group = of.kind === "select" ? checker.group(of.of, place) : undefined;
  const member = of.kind === "select" && group?.type.kind === "struct" ? group.type.members.get(of.field) : undefined;
  const variable = of.kind === "ident" ? checker.variable(of.name, place) : member;
  if (variable === undefined || !variable.absent || place.known.has(variable) || place.gone.has(variable)) return;
  return variable;
}

/**
 * Checks `x.?f` as `ok(x) ? x.?f : optional.none()`, and `has(x.?f)` as `ok(x) && has(x.?f)`: it always has a value.
 *
 * @param read checks the same selection where the variable has a value
 */
export function selectIfThere(
  checker: Checker,
  { at, of }: { readonly at: Ast; readonly of: Ast },
  variable: Variable,
  place: CelPlace,
  read: (place: CelPlace) => Node | undefined,
): Node | undefined {
  checker.read(variable, "ok", of, place);
  const found = read({ ...place, known: place.known.union(new Set([variable])) });
  if (found === undefined) return undefined;
  const test: Node = { ...checker.base(of, BOOL), kind: "ok", variable };
  const base = checker.base(at, found.type, undefined, found.fails);
  if (found.type.kind !== "optional") {
    const both: Node = { ...base, kind: "call", fn: "_&&_", overload: "logical_and", args: [test, found] };
    checker.expected.set(both, [BOOL, BOOL]);
    return both;
  }
  const none: Node = {
    ...checker.base(at, found.type),
    kind: "call",
    fn: "optional.none",
    overload: "optional_none",
    args: [],
  };
  const either: Node = { ...base, kind: "call", fn: "_?_:_", overload: "conditional", args: [test, found, none] };
  checker.expected.set(either, [BOOL, found.type, found.type]);
  return either;
}
