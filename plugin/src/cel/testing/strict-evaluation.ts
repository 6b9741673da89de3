// For tests: a strict evaluation of an expression, by a walk over @bufbuild/cel's syntax. Only calls of functions, and
// members that are no fields of messages, use its interpreter. Order, short-circuits and errors are implemented here,
// according to the language page.
import { CelScalar, celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { type Expr, Expr_IdentSchema, ExprSchema, ParsedExprSchema } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { create } from "@bufbuild/protobuf";
import { isReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FAILED, MISTAKEN, plain } from "./both-ways.ts";
import { MESSAGE, PACKAGE, registry } from "./fixtures.ts";

type Vars = ReadonlyMap<string, unknown>;

class Strict extends Error {
  readonly mistaken: boolean;
  constructor(message: string) {
    super(message);
    this.mistaken = /^int overflow during divide/.test(message);
  }
}

/** Returns the strict result, or FAILED, or MISTAKEN. Calls that are reached again are interpreted again. */
export function strictly(expression: string, variables: { readonly s: unknown; readonly count: unknown }): unknown {
  const { expr } = parse(expression);
  if (expr === undefined) throw new Error(`${expression} is nothing`);
  const s = reflect(MESSAGE.desc, variables.s as never);
  try {
    return plain(evaluate(expr, new Map<string, unknown>([...Object.entries(variables), ["s", s]])));
  } catch (error) {
    if (!(error instanceof Strict)) throw error;
    return error.mistaken ? MISTAKEN : FAILED;
  }
}

function evaluate(expr: Expr, vars: Vars): unknown {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "identExpr":
      return vars.has(exprKind.value.name) ? vars.get(exprKind.value.name) : leaf(expr, new Map());
    case "selectExpr":
      return select(exprKind.value, expr, vars);
    case "callExpr":
      return call(expr, vars);
    case "comprehensionExpr":
      return comprehension(exprKind.value, vars);
    case "listExpr":
      return withParts(expr, exprKind.value.elements, vars, (elements) => ({
        ...expr,
        exprKind: { case: "listExpr", value: { ...exprKind.value, elements: [...elements] } },
      }));
    case "structExpr": {
      const { entries } = exprKind.value;
      return withParts(
        expr,
        entries.map(({ value }) => value as Expr),
        vars,
        (values) => ({
          ...expr,
          exprKind: {
            case: "structExpr",
            value: { ...exprKind.value, entries: entries.map((entry, i) => ({ ...entry, value: values[i] as Expr })) },
          },
        }),
      );
    }
    default:
      return leaf(expr, new Map());
  }
}

function select(
  {
    operand,
    field,
    testOnly,
  }: { readonly operand?: Expr | undefined; readonly field: string; readonly testOnly: boolean },
  expr: Expr,
  vars: Vars,
): unknown {
  if (testOnly) return has(operand as Expr, field, vars);
  const of = evaluate(operand as Expr, vars);
  if (isReflectMessage(of)) {
    const desc = of.desc.fields.find(({ name }) => name === field);
    const implicit = desc !== undefined && desc.presence === 2;
    const plural = desc?.fieldKind === "list" || desc?.fieldKind === "map";
    if (desc !== undefined && !implicit && !plural && !of.isSet(desc)) throw new Strict(`${field} is unset`);
  }
  return leaf(withIdents(expr, ["it"]), new Map([["it", of]]));
}

/** Returns true if a field is set. Other parts of the path may be unset. */
function has(of: Expr, field: string, vars: Vars): unknown {
  const holder = pathOf(of, vars);
  if (holder === undefined) return false;
  const test = create(ExprSchema, {
    exprKind: {
      case: "selectExpr",
      value: { operand: ident("it"), field, testOnly: true },
    },
  });
  return leaf(test, new Map([["it", holder]]));
}
function pathOf(expr: Expr, vars: Vars): unknown {
  if (expr.exprKind.case !== "selectExpr" || expr.exprKind.value.testOnly) return evaluate(expr, vars);
  const of = pathOf(expr.exprKind.value.operand as Expr, vars);
  if (of === undefined) return undefined;
  const { field } = expr.exprKind.value;
  const desc = isReflectMessage(of) ? of.desc.fields.find(({ name }) => name === field) : undefined;
  if (desc?.fieldKind === "message" && isReflectMessage(of) && !of.isSet(desc)) return undefined;
  return leaf(withIdents(expr, ["it"]), new Map([["it", of]]));
}

function call(expr: Expr, vars: Vars): unknown {
  if (expr.exprKind.case !== "callExpr") throw new Error("no call");
  const { function: fn, args, target } = expr.exprKind.value;
  const [first, second, third] = args as [Expr, Expr, Expr];
  switch (fn) {
    case "_&&_":
      return evaluate(first, vars) === false ? false : evaluate(second, vars);
    case "_||_":
      return evaluate(first, vars) === true ? true : evaluate(second, vars);
    case "_?_:_":
      return evaluate(first, vars) === true ? evaluate(second, vars) : evaluate(third, vars);
    case "@not_strictly_false":
      return evaluate(first, vars);
  }
  const parts = target === undefined ? args : [target, ...args];
  return withParts(
    expr,
    parts,
    vars,
    (named) =>
      ({
        ...expr,
        exprKind: {
          case: "callExpr",
          value: {
            ...expr.exprKind.value,
            function: fn,
            args: target === undefined ? [...named] : named.slice(1),
            target: target === undefined ? undefined : named[0],
          },
        },
      }) as Expr,
  );
}

function comprehension(
  of: Expr["exprKind"] extends infer K ? (K extends { case: "comprehensionExpr"; value: infer V } ? V : never) : never,
  vars: Vars,
): unknown {
  const range = evaluate(of.iterRange as Expr, vars) as Iterable<unknown>;
  const keyed =
    typeof (range as { keys?: unknown }).keys === "function" && typeof (range as { get?: unknown }).get === "function";
  let accu = evaluate(of.accuInit as Expr, vars);
  const isMap = keyed && !("length" in range) && [...range].every((element) => Array.isArray(element));
  for (const element of range) {
    const item = isMap ? (element as [unknown, unknown])[0] : element;
    const inner = new Map([...vars, [of.iterVar, item], [of.accuVar, accu]]);
    if (evaluate(of.loopCondition as Expr, inner) === false) break;
    accu = evaluate(of.loopStep as Expr, inner);
  }
  return evaluate(of.result as Expr, new Map([...vars, [of.accuVar, accu]]));
}

const ident = (name: string): Expr =>
  create(ExprSchema, { exprKind: { case: "identExpr", value: create(Expr_IdentSchema, { name }) } });

function withIdents(expr: Expr, [name]: readonly [string]): Expr {
  if (expr.exprKind.case !== "selectExpr") throw new Error("no select");
  return create(ExprSchema, {
    exprKind: { case: "selectExpr", value: { ...expr.exprKind.value, operand: ident(name) } },
  });
}

function withParts(expr: Expr, parts: readonly Expr[], vars: Vars, make: (named: readonly Expr[]) => unknown): unknown {
  // A literal stays a literal, because some functions require one.
  const values = new Map<string, unknown>();
  const named = parts.map((part, i) => {
    if (part.exprKind.case === "constExpr") return part;
    values.set(`part${i}`, evaluate(part, vars));
    return ident(`part${i}`);
  });
  return leaf(values.size === 0 ? expr : (make(named) as Expr), values);
}

function leaf(expr: Expr, values: Vars): unknown {
  const env = celEnv({
    namespace: PACKAGE,
    registry,
    variables: Object.fromEntries([...values.keys()].map((name) => [name, CelScalar.DYN])),
    funcs: strings,
  });
  const parsed = create(ParsedExprSchema, { expr });
  const result = plan(env, parsed as never)(Object.fromEntries(values) as never);
  if (isCelError(result)) throw new Strict(result.message);
  return result;
}
