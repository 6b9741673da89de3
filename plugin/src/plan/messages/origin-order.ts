// Order and identity of the origins of touches.
import { type FieldRead, joinReads } from "../../cel/index.ts";
import type { TouchOrigin } from "../model/messages.ts";

/**
 * Sorts arguments first, then steps by declaration: the first origin with a cause is reported. If a step left items out
 * and also touched the value, the touch is reported, whatever the order of reads.
 */
export function order(origins: readonly TouchOrigin[]): TouchOrigin[] {
  const place = ({ origin }: TouchOrigin): number => {
    if (origin.kind === "within") return origin.rank;
    return origin.kind === "step" ? origin.step.step.index : -1;
  };
  const left = ({ leftOut }: TouchOrigin): number => (typeof leftOut === "boolean" ? 2 * Number(leftOut) : 1);
  return dedupe(origins).sort((a, b) => place(a) - place(b) || left(a) - left(b));
}
export function dedupe(origins: readonly TouchOrigin[]): TouchOrigin[] {
  const seen = new Map<string, TouchOrigin>();
  const always = new Set<string>();
  for (const origin of joined(origins)) {
    const id = idOf(origin);
    if (origin.when.length === 0) {
      if (!always.has(id)) for (const key of [...seen.keys()]) if (key.startsWith(`${id}|`)) seen.delete(key);
      always.add(id);
    } else if (always.has(id)) continue;
    const key = keyOf(origin);
    if (!seen.has(key)) seen.set(key, origin);
  }
  return [...seen.values()];
}
/** Joins the reads inside one value. */
function joined(origins: readonly TouchOrigin[]): TouchOrigin[] {
  const found = new Map<string, TouchOrigin>();
  for (const of of origins) {
    const key = keyOf({ ...of, origin: withReads(of.origin, []) });
    const before = found.get(key)?.origin;
    const reads = [...(before ? readsOf(before) : []), ...readsOf(of.origin)];
    found.set(key, { ...of, origin: withReads(of.origin, joinReads(reads)) });
  }
  return [...found.values()];
}
const readsOf = (origin: TouchOrigin["origin"]): readonly FieldRead[] => ("reads" in origin ? origin.reads : []);
const withReads = (origin: TouchOrigin["origin"], reads: readonly FieldRead[]): TouchOrigin["origin"] =>
  "reads" in origin ? { ...origin, reads } : origin;

function nameOf(origin: TouchOrigin["origin"]): string | number {
  if ("step" in origin) return origin.step.step.index;
  return origin.kind === "arg" ? origin.name : origin.arg.name;
}
function idOf({ origin, leftOut }: TouchOrigin): string {
  const left = typeof leftOut === "boolean" ? leftOut : leftOut.map(({ step }) => step.index);
  const reads = readsOf(origin).map(({ path, whole }) => `${path.map((field) => field.number).join(".")} ${whole}`);
  return `${origin.kind}:${nameOf(origin)}:${left}:${reads.sort().join()}`;
}
/** Returns the identity of an origin, including its conditions. */
function keyOf(origin: TouchOrigin): string {
  return `${idOf(origin)}|${origin.when.map((condition) => `${condition.kind}${condition.step.step.index}${"index" in condition ? condition.index : ""}`).join("&")}`;
}
export function sameAs(left: readonly TouchOrigin[], right: readonly TouchOrigin[]): boolean {
  return left.map(keyOf).join() === right.map(keyOf).join();
}
