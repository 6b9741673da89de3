// Reads of missing fields: language.md, "When a value is missing".
import { type CelInput, isCelList, isCelMap } from "@bufbuild/cel";
import type { Expr, Expr_Call } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import type { Message } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, isReflectMessage } from "@bufbuild/protobuf/reflect";
import { pathOf, withChildren } from "./expression.ts";

/** Names of the fields that composed messages lack. */
export type Lacks = ReadonlyMap<Message, ReadonlySet<string>>;
/** Messages that are copies, with the fields that each field copies. */
const copies = new WeakMap<Message, { readonly of: Message; readonly names: ReadonlyMap<string, string> }>();
export function rememberCopy(copy: Message, of: Message, names: ReadonlyMap<string, string>): void {
  copies.set(copy, { of, names });
}
function lacksField(lacks: Lacks, message: Message, field: string): boolean {
  const copy = copies.get(message);
  const source = copy?.names.get(field);
  return lacks.get(message)?.has(field) === true || (!!copy && !!source && lacksField(lacks, copy.of, source));
}
/** Returns true if a message in a value lacks a field, at any depth. */
function lacksAny(lacks: Lacks, of: unknown): boolean {
  if (!isReflectMessage(of)) return false;
  return of.desc.fields.some(
    (field) =>
      lacksField(lacks, of.message, field.name) ||
      (of.isSet(field) && itemsOf(of.get(field)).some((inner) => lacksAny(lacks, inner))),
  );
}
/** Reports whether a call reads everything in its operands, as functions in a namespace do. */
function readsAll({ function: name, target }: Expr_Call, isValue: (name: string) => boolean): boolean {
  if (/^(_[!=]=_|@in|distinct)$/.test(name)) return true;
  const [space = "args"] = target === undefined ? [] : (pathOf(target) ?? []);
  return space !== "args" && !isValue(space) && !(space === "optional" && name === "of");
}

type Values = (name: string) => CelInput | undefined;
type Locals = ReadonlyMap<string, readonly unknown[]>;

/**
 * Returns true if an expression reads a field that its message lacks, or that any item of a macro lacks. A comparison reads
 * all fields of its operands.
 */
export function readsMissing(expr: Expr, values: Values, lacks: Lacks, locals: Locals = new Map()): boolean {
  const { case: kind, value } = expr.exprKind;
  const isIn = (part: Expr | undefined, inside = locals): boolean =>
    part !== undefined && readsMissing(part, values, lacks, inside);
  if (kind === "comprehensionExpr") {
    const { iterRange, accuInit, loopCondition, loopStep, result } = value;
    const inside = new Map([...locals, [value.iterVar, valuesOf(iterRange, values, locals)] as const]);
    return (
      [iterRange, accuInit].some((part) => isIn(part)) ||
      [loopCondition, loopStep, result].some((part) => isIn(part, inside))
    );
  }
  if (kind === "selectExpr" && !value.testOnly)
    for (const of of valuesOf(value.operand, values, locals))
      if (isReflectMessage(of) && lacksField(lacks, of.message, value.field)) return true;
  const reads = (operand: Expr | undefined): readonly unknown[] => valuesOf(operand, values, locals);
  const whole = kind === "callExpr" ? [...(value.target ? [value.target] : []), ...value.args] : [];
  const compares = kind === "callExpr" && readsAll(value, (name) => locals.has(name) || values(name) !== undefined);
  const isKey = compares && value.function === "@in" && !reads(value.args[0]).some((of) => isReflectMessage(of));
  if (compares && !isKey && whole.some((operand) => reads(operand).some((of) => lacksAny(lacks, of)))) return true;
  let found = false;
  withChildren(expr, (child) => {
    found ||= isIn(child);
    return child;
  });
  return found;
}

/** Returns the values that a path leads to: all items of a list or a map. */
function valuesOf(expr: Expr | undefined, values: Values, locals: Locals): readonly unknown[] {
  if (expr === undefined) return [];
  const { case: kind, value } = expr.exprKind;
  if (kind === "identExpr") return locals.get(value.name) ?? itemsOf(values(value.name));
  if (kind === "listExpr") return value.elements.flatMap((element) => valuesOf(element, values, locals));
  if (kind === "callExpr" && /^(_\[_\]|dyn)$/.test(value.function)) return valuesOf(value.args[0], values, locals);
  if (kind !== "selectExpr" || value.testOnly) return [];
  const path = pathOf(expr) ?? [];
  if (path.length === 2 && path[0] === "args" && !locals.has("args")) return itemsOf(values(path.join(".")));
  return valuesOf(value.operand, values, locals).flatMap((of) => {
    const field = isReflectMessage(of) ? of.desc.fields.find(({ name }) => name === value.field) : undefined;
    return isReflectMessage(of) && field?.message ? itemsOf(of.get(field)) : [];
  });
}
function itemsOf(value: unknown): readonly unknown[] {
  if (isCelList(value) || isReflectList(value)) return [...value];
  return isCelMap(value) || isReflectMap(value) ? [...value].map(([, item]) => item) : [value];
}
