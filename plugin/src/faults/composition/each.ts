// `each`: the source once per item, in order.
import type { SourceBehaviour, StepBehaviour } from "../behaviour.ts";
import { held } from "../expressions/inside.ts";
import {
  asLeftOut,
  asSoft,
  dead,
  invalid,
  type Locals,
  type Result,
  type Taint,
  tooMany,
  type ValueResult,
  valueResult,
} from "../values/results.ts";
import { equal, isListValue, MapValue, UNKNOWN, Untold, type Value } from "../values/values.ts";
import type { Composition } from "./composition.ts";

type Each = SourceBehaviour & { readonly kind: "each" };
interface Item {
  readonly key: Value | undefined;
  readonly item: Result;
}

/** The list, or with `key` the map. */
export function eachResult(at: Composition, step: StepBehaviour, each: Each): Result {
  const list = at.evaluate(each.in);
  if (list.late) at.waits(step);
  if (list.state !== "value") return list;
  const all = itemsOf(list.value);
  if (all === undefined) throw new Untold(`\`${each.in.text}\` gives the items`);
  if (each.max !== undefined && all.length > each.max) return tooMany(list.taint, each.asked === true);
  const taint: Taint[] = [...list.taint];
  const items: ({ readonly locals: Locals } | { readonly item: Result })[] = [];
  for (const value of all) {
    const variable = valueResult(value, asSoft(list.taint), { inner: held(value, list.inner) });
    const locals = new Map([[each.var, variable]]);
    const condition = chosen(at, each, locals, taint);
    if (condition !== false) items.push(condition === true ? { locals } : { item: condition });
  }
  if (items.length < (each.min ?? 0)) return invalid(taint);
  const done = items.map((item) =>
    "item" in item ? { key: undefined, item: item.item } : itemOf(at, step, each, item.locals, taint),
  );
  return gathered(at, step, each, done, taint);
}

/** Returns the elements of a list, or the keys of a map. */
function itemsOf(value: Value): readonly Value[] | undefined {
  if (value === UNKNOWN) return undefined;
  if (isListValue(value)) return value;
  return value instanceof MapValue ? value.entries.map(([key]) => key) : undefined;
}

/** Returns the decision of `if`, or its result if it has no value. */
function chosen(at: Composition, each: Each, locals: Locals, taint: Taint[]): boolean | Result {
  if (each.if === undefined) return true;
  const condition = at.condition(each.if, locals);
  if (condition.state !== "value") return condition;
  taint.push(...condition.taint);
  return condition.value === true;
}

function itemOf(at: Composition, step: StepBehaviour, each: Each, locals: Locals, taint: Taint[]): Item {
  const key = each.key === undefined ? undefined : at.evaluate(each.key, locals);
  // An item without a key calls nothing.
  if (key?.state === "absent") return { key: undefined, item: key };
  const item = at.source(step, each.of, locals);
  // The item's failure takes precedence over a failed key, because a failed item needs no key.
  if (key !== undefined && key.state !== "value") return { key: undefined, item: item.state === "failed" ? item : key };
  if (key !== undefined) taint.push(...key.taint);
  return { key: key?.value, item };
}

function gathered(at: Composition, step: StepBehaviour, each: Each, done: readonly Item[], taint: Taint[]): Result {
  const failures = done.flatMap(({ item }) => (item.state === "failed" ? [item.failures] : []));
  const partial = each.partial === true || each.enough !== undefined;
  if (failures.length > 0 && !partial) return { state: "failed", failures: failures.flat(), taint };
  if (done.some(({ item }) => item.state === "dead")) return dead;
  const [first] = failures;
  const present = done.filter(({ item }) => item.state === "value").length;
  if (present < (each.min ?? 0))
    return first === undefined ? invalid(taint) : { state: "failed", failures: first, taint };
  if (first !== undefined && failures.length === done.length) return { state: "failed", failures: first, taint };
  if (first !== undefined && present < (each.enough ?? done.length))
    taint.push(...first.map(({ cause }): Taint => ({ cause, rank: step.index, leftOut: true, soft: false })));
  const values: { key: Value | undefined; value: ValueResult }[] = [];
  for (const { key, item } of done) {
    if (item.state === "absent") taint.push(...asLeftOut(item.taint));
    if (item.state !== "value" || values.length === each.enough) continue;
    taint.push(...item.taint);
    values.push({ key, value: item });
  }
  const inner = values.flatMap(({ value }) => value.inner);
  if (each.key === undefined)
    return valueResult(
      values.map(({ value }) => value.value),
      taint,
      { inner },
    );
  for (const [i, { key: a = null }] of values.entries())
    for (const { key: b = null } of values.slice(i + 1)) {
      const same = equal(a, b);
      const why = `\`${each.key.text}\` gives the keys`;
      if (same === UNKNOWN ? at.response.decide({ why, isError: false }) : same) return invalid(taint);
    }
  return valueResult(new MapValue(values.map(({ key, value }) => [key ?? UNKNOWN, value.value])), taint, { inner });
}
