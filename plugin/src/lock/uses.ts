// `protobff uses`: what an upstream team may not break, from the lock.
import { didYouMean } from "../diagnostic/did-you-mean.ts";
import { isOption, type Lock, type Locked, sorted } from "./document.ts";
import type { Facts } from "./facts.ts";
import { parentName } from "./find-element.ts";

/** Undefined text: no BFF of the lock uses the service; `like` is one that it may have meant, `known` are all. */
export type Uses =
  | { readonly text: string }
  | { readonly text: undefined; readonly like: string | undefined; readonly known: readonly string[] };

interface Element {
  readonly facts: Facts;
  readonly usedBy: string[];
  readonly vouchedBy: Set<string>;
}

/** The service's methods, and of the types that their requests and responses are made of, what is used. Each with the options that use it. */
export function describeUses(lock: Lock, service: string): Uses {
  const elements = allElements(lock);
  const methods = [...elements].filter(([, { facts }]) => facts.kind === "method");
  const own = methods.filter(([name]) => parentName(name) === service);
  if (own.length === 0) {
    const known = [...new Set(methods.map(([name]) => parentName(name)))].sort();
    return { text: undefined, like: didYouMean(service, known), known };
  }
  const types = reached(
    own.map(([, { facts }]) => facts),
    elements,
  );
  const byName = ([a]: [string, Element], [b]: [string, Element]): number => (a < b ? -1 : 1);
  const below = [...elements].filter(([name, { facts }]) => types.has(typeOf(name, facts)));
  const lines = [...own.sort(byName), ...below.sort(byName)].flatMap(([name, { facts, usedBy, vouchedBy }]) => [
    `${name}  ${describe(facts)}`.trimEnd(),
    ...usedBy.map((option) => `    ${option}`),
    ...[...vouchedBy].map((voucher) => `    without side effects, on the word of ${voucher}`),
  ]);
  const head = `${service}: what BFFs use of it, and must stay as it is`;
  return { text: `${[head, "", ...lines].join("\n")}\n` };
}

/** Each element once, with the options of all files. */
function allElements(lock: Lock): ReadonlyMap<string, Element> {
  const elements = new Map<string, Element>();
  for (const [file, entries] of sorted(lock)) {
    for (const [name, locked] of sorted<Locked>(entries)) {
      const known = elements.get(name) ?? { facts: locked.facts, usedBy: [], vouchedBy: new Set<string>() };
      const full = (option: string): string => (option.includes(": ") ? option : `${file}: ${option}`);
      for (const voucher of locked.vouchedBy) known.vouchedBy.add(isOption(voucher) ? full(voucher) : voucher);
      known.usedBy.push(...locked.usedBy.map(full));
      elements.set(name, known);
    }
  }
  return elements;
}

/** The message or enum that an element is, or is in. */
const typeOf = (name: string, { kind }: Facts): string =>
  kind === "field" || kind === "value" ? parentName(name) : name;

/** The types of requests and responses, and of the fields that are used in them. */
function reached(methods: readonly Facts[], elements: ReadonlyMap<string, Element>): ReadonlySet<string> {
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
      return `(${facts.request}) returns (${facts.response}), ${facts.idempotency}${deprecated}`;
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
