// Properties of an upstream's method, besides its types, on which a BFF relies.
import type { DescField, DescMessage, Registry } from "@bufbuild/protobuf";
import { elementName, type Facts, factsOf } from "./facts.ts";

/**
 * Behaviour that depends on a repeatable call. `order`: the call begins before guards have passed and in parallel with
 * others, and equal calls are made once. The others are the options of the same names.
 */
export const RELIANCES = ["order", "retry", "hedge", "cache"] as const;
/** Property of a method that a BFF relies on, for example that it may be retried. */
export type Reliance = (typeof RELIANCES)[number];

const LEVELS = ["IDEMPOTENCY_UNKNOWN", "IDEMPOTENT", "NO_SIDE_EFFECTS"];

/**
 * Returns the reliances that another idempotency level revokes; none for elements that are no methods.
 *
 * @param vouched true if the BFF declares itself that calls have no side effects. Only a level that contradicts this
 *   revokes something
 *
 * @example
 * const lost = lostReliances(built, factsOf(method), ["retry"], false);
 */
export function lostReliances(
  old: Facts,
  now: Facts,
  reliesOn: readonly Reliance[],
  vouched: boolean,
): readonly Reliance[] {
  if (old.kind !== "method" || now.kind !== "method") return [];
  const isBelow = LEVELS.indexOf(now.idempotency) < LEVELS.indexOf(old.idempotency);
  const contradicts = vouched && now.idempotency === "IDEMPOTENT";
  if (!isBelow && !contradicts) return [];
  // An idempotent method may still be retried, but order and cache need a method without side effects.
  return reliesOn.filter(
    (reliance) => now.idempotency !== "IDEMPOTENT" || reliance === "order" || reliance === "cache",
  );
}

/**
 * Returns the required fields (proto2) of a method's request, and of the messages that are set in it, that are not set.
 *
 * @param sets names of the fields that are set
 *
 * @example
 * const missing = unsetRequired(registry, "billing.v1.Charge", new Set(["billing.v1.Charge.id"]));
 */
export function unsetRequired(registry: Registry, request: string, sets: ReadonlySet<string>): readonly DescField[] {
  const root = registry.getMessage(request);
  const reached = new Set<DescMessage>(root === undefined ? [] : [root]);
  for (const { fields } of reached)
    for (const field of fields)
      if (field.message !== undefined && sets.has(elementName(field))) reached.add(field.message);
  return [...reached].flatMap(({ fields }) =>
    fields.filter((field) => {
      const facts = factsOf(field);
      return facts.kind === "field" && facts.presence === "required" && !sets.has(elementName(field));
    }),
  );
}
