// Two sets of facts of one element, compared.
import { type Facts, type FieldFacts, jsonName, type MethodFacts } from "./facts.ts";

/** The code of a difference, as in docs/diagnostics.md. */
type ChangeCode = `BFF9${"13" | "14" | "15" | "16" | "17" | "18" | "20" | "21" | "22" | "23"}`;

/** One difference between the facts of an element in the lock and its present facts. */
export interface Change {
  readonly code: ChangeCode;
  /** Rest of the sentence after the kind and the name. */
  readonly text: string;
  /** Former type, for BFF914. */
  readonly was?: string;
}

/**
 * Returns the changes of an element since the lock, without the values that an enum has gained: see `addedValues`.
 *
 * @example
 * const codes = changesOf(locked, factsOf(element)).map(({ code }) => code);
 */
export function changesOf(old: Facts, now: Facts): readonly Change[] {
  const deprecated: readonly Change[] =
    now.deprecated === true && old.deprecated !== true ? [{ code: "BFF920", text: "is deprecated now" }] : [];
  if (old.kind === "method" && now.kind === "method") return [...ofMethod(old, now), ...deprecated];
  if ((old.kind === "field" || old.kind === "extension") && now.kind === old.kind)
    return [...ofField(old, now), ...deprecated];
  if (old.kind === "value" && now.kind === "value") return [...number(old, now), ...deprecated];
  return deprecated;
}

/**
 * Returns the names of the values that an enum has gained; none for other elements.
 *
 * @example
 * const added = addedValues(locked, factsOf(element));
 */
export function addedValues(old: Facts, now: Facts): readonly string[] {
  if (old.kind !== "enum" || now.kind !== "enum") return [];
  return Object.keys(now.values).filter((name) => !Object.hasOwn(old.values, name));
}

function ofMethod(old: MethodFacts, now: MethodFacts): Change[] {
  const changes: Change[] = [];
  if (old.streaming !== now.streaming)
    changes.push({ code: "BFF917", text: `is ${STREAMING[now.streaming]}, and was ${STREAMING[old.streaming]}` });
  for (const [slot, does, did] of [
    ["request", "takes", "took"],
    ["response", "returns", "returned"],
  ] as const)
    if (old[slot] !== now[slot])
      changes.push({ code: "BFF914", text: `${does} "${now[slot]}", and ${did} "${old[slot]}"`, was: old[slot] });
  if (old.idempotency !== now.idempotency)
    changes.push({ code: "BFF918", text: `is ${now.idempotency}, and was ${old.idempotency}` });
  if (old.http !== undefined && now.http !== undefined && old.http !== now.http)
    changes.push({ code: "BFF921", text: `is called by "${now.http}", and was called by "${old.http}"` });
  return changes;
}
const STREAMING = {
  none: "unary",
  client: "client-streaming",
  server: "server-streaming",
  both: "bidirectional",
} as const;

function ofField(old: FieldFacts, now: FieldFacts): Change[] {
  const changes: Change[] = number(old, now);
  if (old.cardinality !== now.cardinality)
    changes.push({ code: "BFF915", text: `is ${now.cardinality}, and was ${old.cardinality}` });
  else if (old.type !== now.type)
    changes.push({ code: "BFF914", text: `is ${now.type}, and was ${old.type}`, was: old.type });
  // A repeated field has no presence, so that only one change is reported.
  else if (old.presence !== now.presence)
    changes.push({ code: "BFF916", text: `${PRESENCE[now.presence][0]}, and ${PRESENCE[old.presence][1]}` });
  else if (old.oneof !== now.oneof)
    changes.push({
      code: "BFF916",
      text: `is a member of the oneof "${now.oneof}", and was a member of "${old.oneof}"`,
    });
  if (old.default !== now.default)
    changes.push({ code: "BFF922", text: `${reads(now.default)} while it is unset, and ${reads(old.default, "was")}` });
  return changes;
}
const PRESENCE = {
  implicit: ["always has a value", "always had a value"],
  explicit: ["may be unset", "could be unset"],
  required: ["is required", "was required"],
  oneof: ["is a member of a oneof", "was a member of a oneof"],
} as const;
const reads = (value: string | undefined, verb: "is" | "was" = "is"): string =>
  value === undefined ? `${verb} empty` : `${verb} ${JSON.stringify(value)}`;

/**
 * Returns the change of a field's name in JSON, if there is one. It matters only to calls over HTTP.
 *
 * @example
 * const change = changeInJson("user_id", locked, factsOf(field));
 */
export function changeInJson(name: string, old: Facts, now: Facts): Change | undefined {
  if (old.kind !== "field" || now.kind !== "field" || old.json_name === now.json_name) return undefined;
  const [is, was] = [now, old].map((facts) => facts.json_name ?? jsonName(name));
  return { code: "BFF923", text: `is "${is}" in JSON, and was "${was}"` };
}

function number(old: { readonly number: number }, now: { readonly number: number }): Change[] {
  return old.number === now.number
    ? []
    : [{ code: "BFF913", text: `has the number ${now.number}, and had ${old.number}` }];
}
