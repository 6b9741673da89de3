// `each`: the source once per item, in order.

import { type CelInput, celList, celMap } from "@bufbuild/cel";
import type { IrEach, IrStep } from "../../../plugin/src/ir/step.ts";
import { callResult } from "./call.ts";
import { items } from "./cel/convert.ts";
import type { Composition } from "./compose.ts";
import { Invalid } from "./invalid.ts";
import { waitedForByItems } from "./reads.ts";
import { failed, type Locals, noLocals, type Result, TooManyItems, type Value, value } from "./result.ts";
import { heldIn } from "./taints/inside.ts";
import { asItem, asLeftOut, either, type Taint } from "./taints/taint.ts";

interface Item {
  readonly key: Result | undefined;
  readonly item: Result;
}

/** The list, or with `key` the map. */
export function eachResult(at: Composition, step: IrStep, each: IrEach): Result {
  const list = at.evaluate(each.in?.value ?? "");
  if (list.state !== "value") return list;
  const all = [...items(list.value)];
  // The step begins only after all its inputs are present, with and without items.
  for (const { name } of waitedForByItems(at.response.program, at.place, each)) {
    const read = name.startsWith("args") ? undefined : at.read(name, noLocals);
    if (read?.state === "dead") return read;
  }
  if (each.max !== undefined && all.length > each.max.value) {
    const message = `${all.length} items, and at most ${each.max.value} are allowed`;
    return failed(isArgument(each) ? new TooManyItems(message) : new Invalid(message), list.taint);
  }

  const ordered =
    each.source?.kind === "call" &&
    step.unordered?.value !== true &&
    at.response.program.hasEffect(at.place, each.source);
  const taint: Taint[] = [...list.taint];
  const chosen = all.flatMap((element): (Locals | Item)[] => {
    const held = heldIn(element, list.inner);
    const composes = each.source?.kind === "compose";
    const inner = composes ? held.map((taint) => ({ ...taint, item: true as const })) : held;
    if (composes) taint.push(...asItem(held).map(either));
    const variable = value(element, asItem(list.taint), { inner, enum: list.enum });
    const locals: Locals = new Map([[each.var?.value ?? "", variable]]);
    const found = choice(at, each, locals, taint);
    return found === "filtered" ? [] : [found ?? locals];
  });
  // Fewer items fail the step before any of them begins.
  if (chosen.length < minOf(each)) return failed(new Invalid("too few items"), taint);
  const done: Item[] = [];
  for (const begun of chosen) {
    const item = begun instanceof Map ? itemOf(at, step, each, begun) : (begun as Item);
    done.push(item);
    // Side effects come one after the other: none after one that has failed the step.
    if (item.item.state === "failed" && ordered && each.partial?.value !== true) break;
  }
  return gathered(step, each, done, taint);
}

/**
 * language.md leaves open what a failure inside of an item does to the list if items that read it may be left out. The
 * arguments of a composed item pass it on.
 */
function readByItems(locals: Locals): Locals {
  return new Map(
    [...locals].map(([name, of]) => [name, of.state === "value" ? { ...of, inner: of.inner.map(either) } : of]),
  );
}

/** A list of the client's: in the protos that are held against this, arguments that are lists are always that. */
const isArgument = (each: IrEach): boolean => each.in?.value.startsWith("args.") === true;

/** Evaluates the `if` of an item. Undefined: the item is chosen. */
function choice(at: Composition, each: IrEach, locals: Locals, taint: Taint[]): Item | "filtered" | undefined {
  if (each.if === undefined) return undefined;
  const condition = at.evaluate(each.if.value, readByItems(locals));
  if (condition.state !== "value") return { key: undefined, item: condition };
  taint.push(...condition.taint);
  return condition.value === true ? undefined : "filtered";
}

function itemOf(at: Composition, step: IrStep, each: IrEach, locals: Locals): Item {
  const key = each.key === undefined ? undefined : at.evaluate(each.key.value, readByItems(locals));
  if (key !== undefined && key.state !== "value") return { key, item: key };
  const item =
    each.source?.kind === "call"
      ? callResult(at, step, each.source, readByItems(locals))
      : each.source?.kind === "compose"
        ? at.compose(step, each.source, locals)
        : at.evaluate(each.source?.by.value ?? "", readByItems(locals));
  return { key, item };
}

function gathered(step: IrStep, each: IrEach, done: readonly Item[], taint: Taint[]): Result {
  const failures = done.flatMap(({ item }) => (item.state === "failed" ? [item.failures] : []));
  const enough = each.enough?.value;
  const partial = each.partial?.value === true || enough !== undefined;
  // The taint of the shared inputs belongs to the step, even if one of the items has failed.
  const all = [...taint, ...done.flatMap(({ key, item }) => [...touchedBy(key), ...touchedBy(item)])];
  if (failures.length > 0 && !partial) return { state: "failed", failures: failures.flat(), taint: all };
  const need = minOf(each);
  const present = done.filter(({ item }) => item.state === "value").length;
  const missing = done.flatMap(({ item }) => (item.state === "dead" ? [item.missing] : []));
  if (missing.some((of) => of.length === 0)) return { state: "dead", missing: [] };
  if (missing.length > 0) return { state: "dead", missing: missing.flat() };
  const [first] = failures;
  if (present < need && first === undefined) return failed(new Invalid("too few items"), all);
  if (first !== undefined && (present < need || failures.length === done.length))
    return { state: "failed", failures: enough === undefined ? first : failures.flat(), taint: all };
  if (first !== undefined && present < (enough ?? done.length)) {
    taint.push(...first.map(({ cause }): Taint => ({ cause, rank: step.index, leftOut: true, soft: false })));
  }
  const values: { key: CelInput | undefined; value: Value }[] = [];
  for (const { key, item } of done) {
    if (item.state === "absent") taint.push(...asLeftOut(item.taint));
    // The key has been read, even if the item is left out.
    if (key?.state === "value") taint.push(...key.taint);
    // Items begin in order, so with equal calls the first ones succeed first.
    if (item.state !== "value" || values.length === enough) continue;
    taint.push(...item.taint);
    values.push({ key: key?.state === "value" ? key.value : undefined, value: item });
  }
  const rest = {
    inner: values.flatMap((of) => of.value.inner),
    enum: () => values.map((of) => of.value.enum()).find((found) => found !== undefined),
  };
  if (each.key === undefined) return value(celList(values.map((of) => of.value.value)), taint, rest);
  const map = new Map<string | bigint | boolean, CelInput>();
  for (const { key, value: of } of values) {
    const plain = typeof key === "object" && key !== null && "value" in key ? (key.value as bigint) : (key as string);
    if (map.has(plain)) return failed(new Invalid("duplicate key"), taint);
    map.set(plain, of.value);
  }
  return value(celMap(inObjectOrder(map)), taint, rest);
}

/** The number of values below which the step fails. */
const minOf = ({ partial, min, enough }: IrEach): number => (partial?.value === true ? min : enough)?.value ?? 0;

const touchedBy = (result: Result | undefined): readonly Taint[] =>
  result === undefined || result.state === "dead" ? [] : result.taint;

/** Maps have no order in CEL nor in protobuf; this is that of a JavaScript object, as protobuf-es has maps of messages too. */
function inObjectOrder<K, V>(map: ReadonlyMap<K, V>): Map<K, V> {
  const inOrder = Object.keys(Object.fromEntries([...map.keys()].map((key) => [String(key), true])));
  const entries = inOrder.flatMap((text) => [...map].filter(([key]) => String(key) === text));
  return new Map(entries);
}
