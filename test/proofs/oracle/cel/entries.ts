// Macros with two variables, which @bufbuild/cel does not expand: they go over pairs of position and element, or of key and value.
import {
  type CelFunc,
  type CelInput,
  CelScalar,
  celFunc,
  celList,
  celMap,
  isCelList,
  isCelMap,
  listType,
  mapType,
} from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { bind, call, comprehension, constant, ident, list } from "./expr.ts";

const MACROS = ["all", "exists", "existsOne", "exists_one", "transformList", "transformMap", "transformMapEntry"];
const PAIR = "@pair";
const RESULT = "@result";

/** Expands the call of a macro with two variables; undefined if the call is no such macro. */
export function overEntries(at: Expr, name: string, target: Expr | undefined, args: readonly Expr[]): Expr | undefined {
  const [key, value, ...bodies] = args.map((arg) =>
    arg.exprKind.case === "identExpr" ? arg.exprKind.value.name : arg,
  );
  if (target === undefined || !MACROS.includes(name) || typeof key !== "string" || typeof value !== "string")
    return undefined;
  const [first, second] = args.slice(2);
  if (first === undefined || bodies.length > 2) return undefined;
  const part = (index: bigint): Expr =>
    call(at, "_[_]", [ident(at, PAIR), constant(at, { case: "int64Value", value: index })]);
  const inside = (body: Expr): Expr => bind(at, key, part(0n), bind(at, value, part(1n), body));
  const over = (begin: Expr, step: Expr): Expr =>
    comprehension(at, call(at, "@pairs", [target]), PAIR, RESULT, begin, step, ident(at, RESULT));
  const added = (made: Expr): Expr => call(at, "_+_", [ident(at, RESULT), list(at, [made])]);
  const listOf = (made: Expr, chosen: Expr | undefined): Expr => {
    const more = added(made);
    return over(
      list(at, []),
      inside(chosen === undefined ? more : call(at, "_?_:_", [chosen, more, ident(at, RESULT)])),
    );
  };
  const bool = (of: boolean): Expr => constant(at, { case: "boolValue", value: of });
  const chosen = second === undefined ? undefined : first;
  const body = second ?? first;
  switch (name) {
    case "all":
      return over(bool(true), call(at, "_&&_", [ident(at, RESULT), inside(first)]));
    case "exists":
      return over(bool(false), call(at, "_||_", [ident(at, RESULT), inside(first)]));
    case "transformList":
      return listOf(body, chosen);
    case "transformMap":
      return call(at, "@collected", [listOf(call(at, "@entry", [ident(at, key), body]), chosen)]);
    case "transformMapEntry":
      return call(at, "@collected", [listOf(body, chosen)]);
    default:
      return call(at, "@one", [listOf(bool(true), first)]);
  }
}

const { BOOL, DYN } = CelScalar;
const LIST = listType(DYN);
const MAP = mapType(DYN, DYN);

export const entries: readonly CelFunc[] = [
  celFunc("@pairs", [DYN], LIST, (of) => {
    if (isCelList(of)) return celList([...of].map((item, at) => celList([BigInt(at), item])));
    if (isCelMap(of)) return celList([...of].map(([key, value]) => celList([key, value])));
    throw new Error("neither a list nor a map");
  }),
  celFunc("@one", [LIST], BOOL, (of) => of.size === 1),
  celFunc("@entry", [DYN, DYN], MAP, (key, value) => celMap(new Map([[key as string, value as CelInput]]))),
  celFunc("@collected", [LIST], MAP, (of) => {
    const all = new Map<string, CelInput>();
    for (const element of of)
      if (isCelMap(element))
        for (const [key, value] of element) {
          if (all.has(key as string)) throw new Error("a key comes twice");
          all.set(key as string, value);
        }
    return celMap(all);
  }),
];
