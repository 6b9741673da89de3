// Exchange with a method of an upstream: fields set in requests, fields read from responses, and behaviour that depends
// on a repeatable method. It goes by types, not by places: a field that is read of a type counts wherever a response
// contains the type.
import type { DescEnum, DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { elementName, RELIANCES, type Reliance, type UpstreamElement } from "@protobff/messages/upstream-facts.js";
import { callsIn } from "../resolve/model/blocks.ts";
import type { Call } from "../resolve/model/call.ts";
import type { Block } from "../resolve/model/model.ts";

/** `read`: of answers; `set`: in requests. */
export type How = "read" | "set";

/** Names as the lock's, sorted. */
export interface Exchange {
  /** Fields and enum values of its requests. */
  readonly sets: readonly string[];
  /** Fields and enum values of its answers. */
  readonly reads: readonly string[];
  readonly reliesOn: readonly Reliance[];
}
export interface Seen {
  readonly element: UpstreamElement;
  readonly as: Set<How>;
}

/** Returns a function that finds the used elements of a method, among all that a file uses. */
export function seenIn(found: ReadonlyMap<string, Seen>): (method: DescMethod) => Pick<Exchange, "sets" | "reads"> {
  const members = { read: byType(found, "read"), set: byType(found, "set") };
  return ({ input, output }) => ({ sets: reached(input, members.set), reads: reached(output, members.read) });
}

type Members = ReadonlyMap<DescMessage | DescEnum, readonly Exclude<UpstreamElement, DescMethod>[]>;

function byType(found: ReadonlyMap<string, Seen>, how: How): Members {
  const members = new Map<DescMessage | DescEnum, Exclude<UpstreamElement, DescMethod>[]>();
  for (const { element, as } of found.values()) {
    if (!as.has(how) || element.kind === "rpc" || element.kind === "message" || element.kind === "enum") continue;
    const type = element.kind === "extension" ? element.extendee : element.parent;
    members.set(type, [...(members.get(type) ?? []), element]);
  }
  return members;
}

/** Returns the used elements of a message, and of the types of the used fields. */
function reached(root: DescMessage, members: Members): readonly string[] {
  const names = new Set<string>();
  const known = new Set<DescMessage | DescEnum>([root]);
  for (const type of known) {
    for (const member of members.get(type) ?? []) {
      names.add(elementName(member));
      if (member.kind === "enum_value") continue;
      const { message, enum: values } = member as DescField;
      for (const inner of [message, values]) if (inner !== undefined) known.add(inner);
    }
  }
  return [...names].sort();
}

/** Returns the reliances for each method that a file calls; empty if all its calls run exactly once. */
export function reliesOn(blocks: readonly Pick<Block, "steps">[]): ReadonlyMap<UpstreamElement, readonly Reliance[]> {
  const found = new Map<UpstreamElement, ReadonlySet<Reliance>>();
  for (const call of blocks.flatMap(callsIn))
    found.set(call.method, new Set([...(found.get(call.method) ?? []), ...reliancesOf(call)]));
  return new Map([...found].map(([method, all]) => [method, RELIANCES.filter((reliance) => all.has(reliance))]));
}

function reliancesOf({ effects, policy: { retry, hedge, cache } }: Call): readonly Reliance[] {
  if (effects === "once") return [];
  const isRelied: Readonly<Record<Reliance, boolean>> = {
    order: effects === "none",
    retry: (retry.attempts?.value ?? 2) > 1,
    hedge: hedge.delay !== undefined && hedge.max?.value !== 0,
    cache: effects === "none" && cache.ttl !== undefined && cache.ttl.value > 0,
  };
  return RELIANCES.filter((reliance) => isRelied[reliance]);
}
