// The parts of the values under its names that an expression reads.
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { nameIn, parts, pathOf } from "./syntax.ts";

/** A path of fields. `whole`: everything at its end is read, not only whether it is there, or how many items it has. */
interface FieldRead {
  readonly path: readonly string[];
  readonly whole: boolean;
}
type Demand = readonly FieldRead[];
type Reads = ReadonlyMap<string, Demand>;

const WHOLE: Demand = [{ path: [], whole: true }];
const ITSELF: Demand = [{ path: [], whole: false }];
/** Functions of which the first operands, or their items, are the value. */
const KEEPS: ReadonlyMap<string, number> = new Map([
  ...["_[_]", "@index", "@sortBy", "@sortDesc", "first", "last", "reverse", "slice", "take"].map(
    (name) => [name, 1] as const,
  ),
  ...["_+_", "orValue", "or"].map((name) => [name, 2] as const),
]);
const COUNTS: ReadonlySet<string> = new Set(["size", "ok", "hasValue"]);

/** Returns the reads of each name; `args.x` is one. */
export function fieldReads(expr: Expr, demand: Demand = WHOLE): Reads {
  const { case: kind, value } = expr.exprKind;
  const path = pathOf(expr);
  if (path !== undefined) {
    const name = nameIn(path);
    return new Map([[name, below(path.slice(name.split(".").length), demand)]]);
  }
  if (kind === "selectExpr" && value.operand)
    return fieldReads(value.operand, below([value.field], value.testOnly ? ITSELF : demand));
  if (kind === "callExpr") {
    const { function: name, target, args } = value;
    const operands = [...(target ? [target] : []), ...args];
    if (/^(failure|header|trailer)$/.test(name)) return new Map();
    if (name === "@field" && args[0]) return fieldReads(args[0], below([textOf(args[1])], demand));
    return joined(operands.map((operand, at) => fieldReads(operand, ofOperand(name, at, demand))));
  }
  if (kind === "comprehensionExpr") {
    const outcome = value.result ? fieldReads(value.result, demand) : new Map<string, Demand>();
    const kept = outcome.get(value.accuVar) ?? ITSELF;
    const body = joined([outcome, ...inner(value.loopStep, kept), ...inner(value.loopCondition, WHOLE)]);
    const outside = new Map([...body].filter(([name]) => name !== value.iterVar && name !== value.accuVar));
    const items = [...ITSELF, ...(body.get(value.iterVar) ?? [])];
    return joined([
      outside,
      ...inner(value.accuInit, [...kept, ...(body.get(value.accuVar) ?? [])]),
      ...inner(value.iterRange, items),
    ]);
  }
  return joined(parts(expr).map((part) => fieldReads(part, kind === "listExpr" ? demand : WHOLE)));
}

/** Returns true if an expression that reads so comes across an entry of the value. */
export function reaches(reads: Demand, entry: string): boolean {
  const names = entry.replaceAll(/\[[^\]]*\]/g, "").split(".");
  return reads.some(({ path, whole }) => {
    const length = Math.min(path.length, names.length);
    const together = names.slice(0, length).join() === path.slice(0, length).join();
    return together && (whole || names.length <= path.length);
  });
}

function ofOperand(name: string, at: number, demand: Demand): Demand {
  if (name === "_?_:_" ? at > 0 : at < (KEEPS.get(name) ?? 0)) return demand;
  return at === 0 && COUNTS.has(name) ? ITSELF : WHOLE;
}
const inner = (expr: Expr | undefined, demand: Demand): readonly Reads[] =>
  expr === undefined ? [] : [fieldReads(expr, demand)];
const below = (fields: readonly string[], demand: Demand): Demand =>
  demand.map(({ path, whole }) => ({ path: [...fields, ...path], whole }));
function joined(all: readonly Reads[]): Reads {
  const found = new Map<string, Demand>();
  for (const [name, reads] of all.flatMap((of) => [...of])) found.set(name, [...(found.get(name) ?? []), ...reads]);
  return found;
}
function textOf(expr: Expr | undefined): string {
  const constant = expr?.exprKind.case === "constExpr" ? expr.exprKind.value.constantKind : undefined;
  return String(constant?.value);
}
