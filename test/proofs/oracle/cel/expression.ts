// Expressions as the oracle sees them: parsed by @bufbuild/cel, with what language.md adds (`ok`, safe reads, pure paths).
import type { Constant, Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { once } from "../once.ts";
import { withOpenNames } from "../open-names.ts";
import { parseAll } from "./macros.ts";

/** One read of a name that may be absent or touched by a failure: a step, an `each` variable, `args.<name>` of a composed message. */
export interface Read {
  readonly name: string;
  readonly ok: boolean;
  /** `failure(name)`. */
  readonly failure: boolean;
  /** `header(name, 'x')`, `trailer(name, 'x')`. */
  readonly received?: Received;
  /** Stands where `ok(name)` is known to hold. */
  readonly safe: boolean;
}

export interface Received {
  readonly part: "header" | "trailer";
  /** In lower case. */
  readonly key: string;
}

export interface Expression {
  readonly source: string;
  readonly root: Expr;
  /** As `root`, with `ok(x)` and `headers` replaced by names that @bufbuild/cel can resolve. */
  readonly plain: Expr;
  readonly reads: readonly Read[];
  /** `s.a.x` as ["s", "a", "x"]; undefined for anything else. */
  readonly path: readonly string[] | undefined;
}

const parsed = new Map<string, Expression>();

/** Parses once per text. Throws on a syntax error: the oracle only sees what generation has accepted. */
export function expression(source: string): Expression {
  let found = parsed.get(source);
  if (found === undefined) {
    const root = withLocalTests(withOpenNames(parseAll(source)));
    found = { source, root, plain: rewrite(root), reads: readsOf(root), path: pathOf(root) };
    parsed.set(source, found);
  }
  return found;
}

/** `name`, or `args.name`, when the expression is just that. */
function nameOf(expr: Expr | undefined): string | undefined {
  const path = expr && pathOf(expr);
  if (path === undefined) return undefined;
  if (path.length === 1) return path[0];
  return path.length === 2 && path[0] === "args" ? path.join(".") : undefined;
}

export function pathOf(expr: Expr): readonly string[] | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind === "identExpr") return [value.name];
  if (kind !== "selectExpr" || value.testOnly || value.operand === undefined) return undefined;
  const operand = pathOf(value.operand);
  return operand && [...operand, value.field];
}

/** An expression and all of its parts. */
export function allIn(expr: Expr): readonly Expr[] {
  const found = [expr];
  withChildren(expr, (child) => {
    found.push(...allIn(child));
    return child;
  });
  return found;
}

/** All in an expression that are more than a name. */
export const pathsIn = once((expr: Expr): readonly (readonly string[])[] =>
  allIn(expr).flatMap((part) => {
    const path = pathOf(part);
    return path === undefined || path.length < 2 ? [] : [path];
  }),
);

function argumentName(expr: Expr, fn: "failure"): string | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind !== "callExpr" || value.function !== fn || value.target !== undefined) return undefined;
  return nameOf(value.args[0]);
}
/** `header(step, 'X-A')`: the step, and what is read of it. */
function receivedOf(expr: Expr): (Received & { readonly name: string }) | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind !== "callExpr" || value.target !== undefined) return undefined;
  if (value.function !== "header" && value.function !== "trailer") return undefined;
  const [step, key] = value.args;
  const name = nameOf(step);
  const constant = key?.exprKind.case === "constExpr" ? key.exprKind.value.constantKind : undefined;
  if (name === undefined || constant?.case !== "stringValue") return undefined;
  return { part: value.function, key: constant.value.toLowerCase(), name };
}
/** Returns the variable that represents the received value. */
export const receivedName = ({ part, key }: Received, name: string): string => `@${part}:${key}:${name}`;

interface Test {
  /** Undefined for a variable of a macro, which always has a value. */
  readonly name: string | undefined;
  readonly path: readonly string[];
  /** The part of the path that is the name. */
  readonly length: number;
}
/** `ok(x)`, `ok(x.f.g)` */
function okOf(expr: Expr): Test | undefined {
  const { case: kind, value } = expr.exprKind;
  if (kind !== "callExpr" || !OK.has(value.function) || value.target !== undefined) return undefined;
  const path = value.args[0] && pathOf(value.args[0]);
  if (path === undefined) return undefined;
  const length = path[0] === "args" ? 2 : 1;
  return { name: value.function === "ok" ? path.slice(0, length).join(".") : undefined, path, length };
}
/** `@okIn` is `ok` of a field of a macro's variable. */
const OK: ReadonlySet<string> = new Set(["ok", "@okIn"]);

/** Names the function by which an expression tests a field of a macro's variable. */
function withLocalTests(expr: Expr, locals: ReadonlySet<string> = new Set()): Expr {
  const { case: kind, value } = expr.exprKind;
  const inner = kind === "comprehensionExpr" ? union(locals, new Set([value.iterVar, value.accuVar])) : locals;
  const changed = withChildren(expr, (child) =>
    withLocalTests(child, kind === "comprehensionExpr" && child === value.iterRange ? locals : inner),
  );
  const call = changed.exprKind.case === "callExpr" && changed.exprKind.value;
  const [first = ""] = (call && call.function === "ok" && call.args[0] && pathOf(call.args[0])) || [];
  if (!call || !locals.has(first)) return changed;
  return { ...changed, exprKind: { case: "callExpr", value: { ...call, function: "@okIn" } } };
}

/** Reports whether an expression tests a name or a path, and reads no value. */
export function isTest(expr: Expr): boolean {
  const { case: kind, value } = expr.exprKind;
  if (kind === "selectExpr")
    return value.testOnly && value.operand !== undefined && pathOf(value.operand) !== undefined;
  return okOf(expr) !== undefined || argumentName(expr, "failure") !== undefined || receivedOf(expr) !== undefined;
}

// ---- reads and where they are safe ----

function readsOf(
  expr: Expr | undefined,
  safe: ReadonlySet<string> = new Set(),
  locals: ReadonlySet<string> = new Set(),
): Read[] {
  if (expr === undefined) return [];
  const read = (name: string, ok = false, failure = false): Read[] => [
    { name, ok, failure, safe: ok || failure || safe.has(name) },
  ];
  const inAll = (...list: readonly (Expr | undefined)[]) => list.flatMap((part) => readsOf(part, safe, locals));
  const path = pathOf(expr);
  if (path !== undefined) {
    const [first = "", second] = path;
    if (locals.has(first)) return [];
    return read(first === "args" && second !== undefined ? `args.${second}` : first);
  }
  const ok = okOf(expr);
  if (ok !== undefined) return ok.name === undefined ? [] : read(ok.name, true);
  const failure = argumentName(expr, "failure");
  if (failure !== undefined) return read(failure, false, true);
  const received = receivedOf(expr);
  if (received !== undefined) return read(received.name).map((entry) => ({ ...entry, received }));
  const { case: kind, value } = expr.exprKind;
  switch (kind) {
    case "selectExpr": {
      const ofArgs = value.operand !== undefined && pathOf(value.operand)?.join() === "args" && !locals.has("args");
      return ofArgs ? read(`args.${value.field}`) : inAll(value.operand);
    }
    case "callExpr": {
      const [a, b, c] = value.args;
      switch (value.function) {
        case "_&&_":
          return [...inAll(a), ...readsOf(b, union(safe, known(a, true)), locals)];
        case "_||_":
          return [...inAll(a), ...readsOf(b, union(safe, known(a, false)), locals)];
        case "_?_:_":
          if (isSelection(expr)) return inAll(a, b);
          return [
            ...inAll(a),
            ...readsOf(b, union(safe, known(a, true)), locals),
            ...readsOf(c, union(safe, known(a, false)), locals),
          ];
        default:
          return inAll(value.target, ...value.args);
      }
    }
    case "comprehensionExpr": {
      const inner = union(locals, new Set([value.iterVar, value.accuVar]));
      const body = [value.loopCondition, value.loopStep, value.result];
      return [...inAll(value.iterRange, value.accuInit), ...body.flatMap((part) => readsOf(part, safe, inner))];
    }
    case "listExpr":
      return inAll(...value.elements);
    case "structExpr":
      return value.entries.flatMap(({ keyKind, value: of }) =>
        keyKind.case === "mapKey" ? inAll(keyKind.value, of) : inAll(of),
      );
    default:
      return [];
  }
}

/**
 * Reports whether a conditional selects elements for a macro: its last branch is the accumulator, which no written
 * expression is. Its condition guarantees nothing about the macro's result.
 */
export function isSelection({ exprKind: { case: kind, value } }: Expr): boolean {
  const last = kind === "callExpr" && value.function === "_?_:_" ? value.args[2]?.exprKind : undefined;
  return last?.case === "identExpr" && last.value.name === "@result";
}

/** The names and the paths that have a value for sure when `expr` gives `outcome`. */
export function known(expr: Expr | undefined, outcome: boolean): ReadonlySet<string> {
  if (expr === undefined) return new Set();
  const { case: kind, value } = expr.exprKind;
  if (kind === "selectExpr" && value.testOnly && outcome) {
    const path = pathOf({ ...expr, exprKind: { case: kind, value: { ...value, testOnly: false } } }) ?? [];
    return new Set(prefixesOf(path, path[0] === "args" ? 3 : 2));
  }
  const ok = okOf(expr);
  if (ok !== undefined) return new Set(outcome ? prefixesOf(ok.path, ok.length) : []);
  if (expr.exprKind.case !== "callExpr") return new Set();
  const { function: name, args } = expr.exprKind.value;
  if (name === "!_") return known(args[0], !outcome);
  if (name === "_==_" || name === "_!=_") {
    const [test, literal] = boolOf(args[0]) === undefined ? [args[0], boolOf(args[1])] : [args[1], boolOf(args[0])];
    return literal === undefined ? new Set() : known(test, (outcome === (name === "_==_")) === literal);
  }
  if ((name === "_&&_" && outcome) || (name === "_||_" && !outcome)) {
    return union(known(args[0], outcome), known(args[1], outcome));
  }
  // Whichever of the two it is.
  if (name === "_&&_" || name === "_||_") return known(args[0], outcome).intersection(known(args[1], outcome));
  return new Set();
}

/** The first `from` names of a path, and every longer beginning. */
const prefixesOf = (path: readonly string[], from: number): readonly string[] =>
  path.slice(from - 1).map((_, i) => path.slice(0, from + i).join("."));

/** `true` or `false`, written out. */
function boolOf(expr: Expr | undefined): boolean | undefined {
  const constant = expr?.exprKind.case === "constExpr" ? expr.exprKind.value.constantKind : undefined;
  return constant?.case === "boolValue" ? constant.value : undefined;
}

/**
 * Returns the names that certainly have a value when a condition holds: those it tests, and those it cannot be
 * evaluated without.
 */
export function sureWhere(source: string | undefined): ReadonlySet<string> {
  if (source === undefined) return new Set();
  const { root, reads } = expression(source);
  return union(known(root, true), new Set(reads.filter(({ safe }) => !safe).map(({ name }) => name)));
}

export function union<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a, ...b]);
}

// ---- what is evaluated ----

/**
 * Replaces functions of protobff by variables: `ok(x)` by `@ok:x`, `failure(x)` by `@failure:x`, `header(x, 'k')` by
 * `@header:k:x`, `has(args.x)` by `@set:args.x`. `headers.x` and `headers[k]` become `@header(k)`, which gives "" for an
 * absent one.
 */
export function rewrite(expr: Expr): Expr {
  const ok = okOf(expr);
  if (ok !== undefined) return rewrittenTest(expr, ok);
  const failure = argumentName(expr, "failure");
  if (failure !== undefined) return { ...expr, exprKind: { case: "identExpr", value: ident(`@failure:${failure}`) } };
  const received = receivedOf(expr);
  if (received !== undefined)
    return { ...expr, exprKind: { case: "identExpr", value: ident(receivedName(received, received.name)) } };
  const { case: kind, value } = expr.exprKind;
  if (kind === "selectExpr" && value.testOnly && value.operand && pathOf(value.operand)?.join() === "args")
    return { ...expr, exprKind: { case: "identExpr", value: ident(`@set:args.${value.field}`) } };
  if (kind === "selectExpr" && !value.testOnly && value.operand && pathOf(value.operand)?.join() === "headers")
    return header(expr, constant(expr, { case: "stringValue", value: value.field }));
  if (kind === "callExpr" && value.function === "_[_]") {
    const [list, index] = value.args;
    if (list && index && pathOf(list)?.join() === "headers") return header(expr, rewrite(index));
  }
  return withChildren(expr, rewrite);
}

/** `ok(x.f)` as `@ok:x && @whole(x, "f")`; a variable of a macro has a value. */
function rewrittenTest(expr: Expr, { name, path: whole, length }: Test): Expr {
  const called = (name: string, args: Expr[]): Expr => ({
    ...expr,
    exprKind: { case: "callExpr", value: { $typeName: "cel.expr.Expr.Call", function: name, args } },
  });
  const there: Expr | undefined =
    name === undefined ? undefined : { ...expr, exprKind: { case: "identExpr", value: ident(`@ok:${name}`) } };
  let root = expr.exprKind.case === "callExpr" ? expr.exprKind.value.args[0] : undefined;
  for (let depth = whole.length; depth > length && root?.exprKind.case === "selectExpr"; depth--)
    root = root.exprKind.value.operand;
  if (whole.length === length || root === undefined) return there ?? constant(expr, { case: "boolValue", value: true });
  const fields = constant(expr, { case: "stringValue", value: whole.slice(length).join(".") });
  const isWhole = called("@whole", [root, fields]);
  return there === undefined ? isWhole : called("_&&_", [there, isWhole]);
}

/** The same expression, with `change` done to each of its direct parts: itself, when that changes none. */
export function withChildren(expr: Expr, change: (child: Expr) => Expr): Expr {
  let same = true;
  const made = madeOf(expr, (child) => {
    const changed = change(child);
    same &&= changed === child;
    return changed;
  });
  return same ? expr : made;
}
function madeOf(expr: Expr, change: (child: Expr) => Expr): Expr {
  const { case: kind, value } = expr.exprKind;
  const maybe = (child: Expr | undefined) => child && change(child);
  switch (kind) {
    case "selectExpr": {
      const operand = maybe(value.operand);
      return { ...expr, exprKind: { case: kind, value: operand ? { ...value, operand } : value } };
    }
    case "callExpr": {
      const target = maybe(value.target);
      const args = value.args.map(change);
      return { ...expr, exprKind: { case: kind, value: { ...value, args, ...(target && { target }) } } };
    }
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = value;
      const parts = Object.entries({ iterRange, accuInit, loopCondition, loopStep, result });
      const changed = Object.fromEntries(parts.map(([name, part]) => [name, maybe(part)]));
      return { ...expr, exprKind: { case: kind, value: { ...value, ...changed } } } as Expr;
    }
    case "listExpr":
      return { ...expr, exprKind: { case: kind, value: { ...value, elements: value.elements.map(change) } } };
    case "structExpr": {
      const entries = value.entries.map((entry) => {
        const keyKind =
          entry.keyKind.case === "mapKey"
            ? { case: "mapKey" as const, value: change(entry.keyKind.value) }
            : entry.keyKind;
        const of = maybe(entry.value);
        return { ...entry, keyKind, ...(of && { value: of }) };
      });
      return { ...expr, exprKind: { case: kind, value: { ...value, entries } } };
    }
    default:
      return expr;
  }
}

export function ident(name: string) {
  return { $typeName: "cel.expr.Expr.Ident" as const, name };
}
export function constant(expr: Expr, constantKind: Constant["constantKind"]): Expr {
  return { ...expr, exprKind: { case: "constExpr", value: { $typeName: "cel.expr.Constant", constantKind } } };
}
function header(expr: Expr, key: Expr): Expr {
  const headers: Expr = { ...expr, exprKind: { case: "identExpr", value: ident("headers") } };
  return {
    ...expr,
    exprKind: {
      case: "callExpr",
      value: { $typeName: "cel.expr.Expr.Call", function: "@header", args: [headers, key] },
    },
  };
}
