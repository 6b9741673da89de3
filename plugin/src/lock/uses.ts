// `protobff contract uses`: what an upstream team may not break, from the lock.

import { type Facts, parentName, RELIANCES } from "@protobff/messages/upstream-facts.js";
import { didYouMean } from "../diagnostic/diagnostic.ts";
import { isOption, type Lock, type Locked, sorted } from "./document.ts";
import type { Exchange } from "./exchange.ts";

/** Undefined text: no BFF of the lock uses the service; `like` is one that it may have meant, `known` are all. */
type Uses =
  | { readonly text: string }
  | { readonly text: undefined; readonly like: string | undefined; readonly known: readonly string[] };

/** One element, as all files of a lock use it. */
interface ElementUses {
  readonly facts: Facts;
  readonly usedBy: string[];
  readonly vouchedBy: Set<string>;
  /** Exchange with a method; undefined: the lock is of version 1. */
  exchange: Exchange | undefined;
}
/** The elements of upstream services that the BFFs of a lock use. */
export interface UpstreamUses {
  /** Methods of the services. */
  readonly methods: readonly (readonly [string, ElementUses])[];
  /** Elements of the messages and enums in their requests and responses. */
  readonly members: readonly (readonly [string, ElementUses])[];
}
/** No BFF of the lock uses it; `like` is one that may have been meant, `known` are all. */
export interface NotUsed {
  readonly service: string;
  readonly like: string | undefined;
  readonly known: readonly string[];
}

/**
 * Returns the entries of services in a lock, sorted by name.
 *
 * @example
 * const uses = usesOf(lock, ["agent.v1.AgentService"]);
 */
export function usesOf(lock: Lock, services: readonly string[]): UpstreamUses | NotUsed {
  const elements = allElements(lock);
  const methods = [...elements].filter(([, { facts }]) => facts.kind === "method");
  const known = [...new Set(methods.map(([name]) => parentName(name)))].sort();
  const unused = services.find((service) => !known.includes(service));
  if (unused !== undefined) return { service: unused, like: didYouMean(unused, known), known };
  const serviceMethods = methods.filter(([name]) => services.includes(parentName(name)));
  const types = reached(
    serviceMethods.map(([, { facts }]) => facts),
    elements,
  );
  // Extensions belong to no type of the lock.
  const exchanged = new Set(
    serviceMethods.flatMap(([, { exchange }]) => [...(exchange?.sets ?? []), ...(exchange?.reads ?? [])]),
  );
  const below = [...elements].filter(([name, { facts }]) => types.has(typeOf(name, facts)) || exchanged.has(name));
  const byName = ([a]: [string, ElementUses], [b]: [string, ElementUses]): number => (a < b ? -1 : 1);
  return { methods: serviceMethods.sort(byName), members: below.sort(byName) };
}

/**
 * Describes the service's methods, and the used elements of the types in their requests and responses, each with the
 * options that use it.
 *
 * @example
 * const uses = describeUses(lock, "agent.v1.AgentService");
 */
export function describeUses(lock: Lock, service: string): Uses {
  const uses = usesOf(lock, [service]);
  if ("known" in uses) return { text: undefined, like: uses.like, known: uses.known };
  const lines = [...uses.methods, ...uses.members].flatMap(([name, { facts, usedBy, vouchedBy }]) => [
    `${name}  ${describe(facts)}`.trimEnd(),
    ...usedBy.map((option) => `    ${option}`),
    ...[...vouchedBy].map((voucher) => `    without side effects, on the word of ${voucher}`),
  ]);
  const head = `${service}: what BFFs use of it, and must stay as it is`;
  return { text: `${[head, "", ...lines].join("\n")}\n` };
}

/** Each element once, with the options of all files. */
function allElements(lock: Lock): ReadonlyMap<string, ElementUses> {
  const elements = new Map<string, ElementUses>();
  for (const [file, entries] of sorted(lock)) {
    for (const [name, { facts, usedBy, vouchedBy, exchange }] of sorted<Locked>(entries)) {
      const known = elements.get(name) ?? { facts, usedBy: [], vouchedBy: new Set<string>(), exchange: undefined };
      const full = (option: string): string => (option.includes(": ") ? option : `${file}: ${option}`);
      for (const voucher of vouchedBy) known.vouchedBy.add(isOption(voucher) ? full(voucher) : voucher);
      known.usedBy.push(...usedBy.map(full));
      if (exchange !== undefined) known.exchange = joined(known.exchange, exchange);
      elements.set(name, known);
    }
  }
  return elements;
}

function joined(first: Exchange | undefined, second: Exchange): Exchange {
  const union = <T>(of: (exchange: Exchange) => readonly T[]): T[] => [
    ...new Set([...(first === undefined ? [] : of(first)), ...of(second)]),
  ];
  const reliesOn = union((exchange) => exchange.reliesOn);
  return {
    sets: union(({ sets }) => sets).sort(),
    reads: union(({ reads }) => reads).sort(),
    reliesOn: RELIANCES.filter((reliance) => reliesOn.includes(reliance)),
  };
}

/** The message or enum that an element is, or is in. */
const typeOf = (name: string, { kind }: Facts): string =>
  kind === "field" || kind === "value" ? parentName(name) : name;

/** The types of requests and responses, and of the fields that are used in them. */
function reached(methods: readonly Facts[], elements: ReadonlyMap<string, ElementUses>): ReadonlySet<string> {
  const fields = new Map<string, string[]>();
  for (const [name, { facts }] of elements) {
    if (facts.kind !== "field") continue;
    const parent = parentName(name);
    fields.set(parent, [...(fields.get(parent) ?? []), facts.type.replace(/^map<\w+, (.*)>$|^group (.*)$/, "$1$2")]);
  }
  const open = methods.flatMap((facts) => (facts.kind === "method" ? [facts.request, facts.response] : []));
  const found = new Set<string>();
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (found.has(type)) continue;
    found.add(type);
    open.push(...(fields.get(type) ?? []));
  }
  return found;
}

function describe(facts: Facts): string {
  const deprecated = facts.deprecated === true ? ", deprecated" : "";
  switch (facts.kind) {
    case "method":
      return `(${facts.request}) returns (${facts.streaming === "server" ? "stream " : ""}${facts.response}), ${facts.idempotency}${deprecated}`;
    case "field":
    case "extension": {
      const repeated = facts.cardinality === "repeated" ? "repeated " : "";
      const presence =
        facts.cardinality === "singular" && facts.presence !== "implicit" ? `, ${PRESENCE[facts.presence]}` : "";
      return `${repeated}${facts.type} = ${facts.number}${presence}${deprecated}`;
    }
    case "value":
      return `= ${facts.number}${deprecated}`;
    default:
      return deprecated.slice(2);
  }
}
const PRESENCE = { explicit: "may be unset", required: "required", oneof: "in a oneof" } as const;
