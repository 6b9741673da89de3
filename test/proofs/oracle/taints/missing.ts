// Reads of missing fields: language.md, "When a value is missing".
import { type CelInput, isCelList, isCelMap } from "@bufbuild/cel";
import type { Expr, Expr_Call } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { Message } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage } from "@bufbuild/protobuf/reflect";
import { allIn, isSelection, isTest, known, pathOf, union, withChildren } from "../cel/expression.ts";
import { once } from "../once.ts";

/** Names of the fields that each composed message lacks. */
const lacks = new WeakMap<Message, Set<string>>();
/** Messages that are copies, with the fields that each field copies. */
const copies = new WeakMap<Message, { readonly of: Message; readonly names: ReadonlyMap<string, string> }>();
export function rememberCopy(copy: Message, of: Message, names: ReadonlyMap<string, string>): void {
  copies.set(copy, { of, names });
}
export function leaveMissing(message: Message, field: string): void {
  lacks.set(message, (lacks.get(message) ?? new Set()).add(field));
}
export function lacksField(message: Message, field: string): boolean {
  const copy = copies.get(message);
  const source = copy?.names.get(field);
  return lacks.get(message)?.has(field) === true || (!!copy && !!source && lacksField(copy.of, source));
}

/** Reports whether a field on a path from a value is missing. */
export function lacksOnPath(from: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined || !isReflectMessage(from)) return false;
  if (lacksField(from.message, name)) return true;
  const field = from.desc.fields.find((candidate) => candidate.name === name);
  return field?.message !== undefined && field.fieldKind === "message" && lacksOnPath(from.get(field), rest);
}

/** Reports whether the last field of a path from a value is missing. */
function lacksLast(from: unknown, [name = "", ...rest]: readonly string[]): boolean {
  if (!isReflectMessage(from)) return false;
  if (rest.length === 0) return lacksField(from.message, name);
  const field = from.desc.fields.find((candidate) => candidate.name === name);
  return field?.fieldKind === "message" && lacksLast(from.get(field), rest);
}

/** Reports whether a message in a value lacks a field, at any depth. */
function lacksAny(of: unknown): boolean {
  if (!isReflectMessage(of)) return itemsOf(of).some(lacksAny);
  return of.desc.fields.some(
    (field) => lacksField(of.message, field.name) || (of.isSet(field) && field.message && lacksAny(of.get(field))),
  );
}
/** Reports whether a call reads everything in its operands, as functions in a namespace do. */
function readsAll({ function: name, target }: Expr_Call, isValue: (name: string) => boolean): boolean {
  if (/^(_[!=]=_|@in|distinct)$/.test(name)) return true;
  const [space = "args"] = target === undefined ? [] : (pathOf(target) ?? []);
  return space !== "args" && !isValue(space) && !(space === "optional" && name === "of");
}

/** Values of names that are no variables of macros, and the evaluation of an expression over values. */
interface Values {
  readonly of: (name: string) => unknown;
  readonly evaluate: (expr: Expr, locals: Locals) => unknown;
}
type Locals = Readonly<Record<string, CelInput>>;
const NONE: ReadonlySet<string> = new Set();

/** Reports whether an expression reads, without a test, a field that its message lacks. */
export function readsMissing(root: Expr, values: Values): boolean {
  return pathsRead(root).some(({ name, path }) => lacksLast(values.of(name), path)) || inItems(root, values, {}, NONE);
}

/** Reads after names of steps, arguments and items of an `each`: they count wherever they are. */
const pathsRead = once((root: Expr) => readsAfterNames(root, NONE, NONE));

interface PathRead {
  readonly name: string;
  readonly path: readonly string[];
}
function readsAfterNames(expr: Expr, safe: ReadonlySet<string>, locals: ReadonlySet<string>): readonly PathRead[] {
  const path = pathOf(expr);
  if (path !== undefined) {
    const length = path[0] === "args" ? 2 : 1;
    if (locals.has(path[0] ?? "")) return [];
    // A field that is safe shows nothing about those behind it.
    return path.slice(length).flatMap((_, i): PathRead[] => {
      const whole = path.slice(0, length + i + 1);
      return safe.has(whole.join("."))
        ? []
        : [{ name: path.slice(0, length).join("."), path: path.slice(length, length + i + 1) }];
    });
  }
  return partsOf(expr, safe, locals).flatMap(([part, inside, names]) => readsAfterNames(part, inside, names));
}

/** The parts of an expression that read values, with the paths that are safe in each, and its variables. */
function partsOf(
  expr: Expr,
  safe: ReadonlySet<string>,
  locals: ReadonlySet<string>,
): readonly (readonly [part: Expr, safe: ReadonlySet<string>, locals: ReadonlySet<string>])[] {
  if (isTest(expr)) return [];
  const { case: kind, value } = expr.exprKind;
  if (kind === "comprehensionExpr") {
    const { iterVar, accuVar, iterRange, accuInit, loopCondition, loopStep, result } = value;
    const visible = withoutNames(safe, iterVar, accuVar);
    const inner = union(locals, new Set([iterVar, accuVar]));
    return [
      ...[iterRange, accuInit].flatMap((part) => (part ? [[part, safe, locals] as const] : [])),
      ...[loopCondition, loopStep, result].flatMap((part) => (part ? [[part, visible, inner] as const] : [])),
    ];
  }
  const parts: Expr[] = [];
  withChildren(expr, (child) => {
    parts.push(child);
    return child;
  });
  const [first] = parts;
  const name = kind === "callExpr" ? value.function : "";
  const [whenTrue, whenFalse] = [known(first, true), known(first, false)];
  const either = isSelection(expr) ? [] : [whenTrue, whenFalse];
  const behind = { "_&&_": [whenTrue], "_||_": [whenFalse], "_?_:_": either }[name] ?? [];
  return parts.map((part, i) => [part, union(safe, behind[i - 1] ?? NONE), locals] as const);
}

/** Facts about other names than these. */
function withoutNames(safe: ReadonlySet<string>, ...names: readonly string[]): ReadonlySet<string> {
  return new Set([...safe].filter((path) => !names.includes(path.split(".")[0] ?? "")));
}

/** Reports whether an expression may select from an item of a macro, or from another computed value. */
const readsItems = once((root: Expr) =>
  allIn(root).some((part) => {
    const { case: kind, value } = part.exprKind;
    if (kind === "comprehensionExpr" || kind === "callExpr") return true;
    return kind === "selectExpr" && value.operand !== undefined && pathOf(value.operand) === undefined;
  }),
);

/** Reads of items of macros and of computed values: each visited item counts, without branches that are not taken. */
function inItems(expr: Expr, values: Values, locals: Locals, safe: ReadonlySet<string>): boolean {
  if (!readsItems(expr) && Object.keys(locals).length === 0) return false;
  const { case: kind, value } = expr.exprKind;
  const path = pathOf(expr);
  if (path !== undefined) {
    const [first = "", ...rest] = path;
    const from = Object.hasOwn(locals, first) ? locals[first] : undefined;
    return rest.some((_, i) => {
      const whole = rest.slice(0, i + 1);
      return !safe.has([first, ...whole].join(".")) && lacksLast(from, whole);
    });
  }
  if (kind === "comprehensionExpr") {
    const { iterVar, iterRange, accuVar, accuInit, loopStep, result } = value;
    const inner = withoutNames(safe, iterVar, accuVar);
    if ([iterRange, accuInit].some((part) => part !== undefined && inItems(part, values, locals, safe))) return true;
    const bound = accuInit && attempt(() => values.evaluate(accuInit, locals));
    const items = iterRange === undefined ? [] : visited(attempt(() => values.evaluate(iterRange, locals)));
    return (
      (loopStep !== undefined &&
        items.some((item) => inItems(loopStep, values, { ...locals, [iterVar]: item as CelInput }, inner))) ||
      (result !== undefined && inItems(result, values, { ...locals, [accuVar]: bound as CelInput }, inner))
    );
  }
  if (kind === "callExpr" && comparesMissing(value, values, locals)) return true;
  const parts = partsOf(expr, safe, new Set(Object.keys(locals)));
  if (kind === "callExpr" && value.function === "_?_:_") {
    const [condition, yes, no] = parts;
    if (condition === undefined || yes === undefined || no === undefined) return false;
    if (inItems(condition[0], values, locals, condition[1])) return true;
    const outcome = attempt(() => values.evaluate(condition[0], locals));
    const taken = outcome === true ? yes : outcome === false ? no : undefined;
    return taken !== undefined && inItems(taken[0], values, locals, taken[1]);
  }
  if (parts.some(([part, inside]) => inItems(part, values, locals, inside))) return true;
  if (kind !== "selectExpr" || value.testOnly || value.operand === undefined) return false;
  const { operand, field } = value;
  return lacksLast(
    attempt(() => values.evaluate(operand, locals)),
    [field],
  );
}

/** A comparison reads all fields of its operands. `in` reads only the keys of a map. */
function comparesMissing(call: Expr_Call, values: Values, locals: Locals): boolean {
  if (!readsAll(call, (name) => Object.hasOwn(locals, name) || values.of(name) !== undefined)) return false;
  const operands = [...(call.target ? [call.target] : []), ...call.args];
  const read = operands.map((operand) => attempt(() => values.evaluate(operand, locals)));
  return !(call.function === "@in" && isCelMap(read[1])) && read.some(lacksAny);
}

/** An error is one of the expression, which decides whether it counts. */
function attempt(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch {
    return undefined;
  }
}
/** A macro with one variable visits the keys of a map. */
const visited = (value: unknown): readonly unknown[] => (isCelMap(value) ? [...value.keys()] : itemsOf(value));
function itemsOf(value: unknown): readonly unknown[] {
  if (isCelList(value) || isReflectList(value)) return [...value];
  return isCelMap(value) || isReflectMap(value) ? [...value].map(([, item]) => item) : [];
}
