// The tables of a fleet, from its BFFs.
import {
  codeName,
  didYouMean,
  type Facts,
  type Lock,
  outageOf,
  type Prediction,
  parentName,
  usesOf,
} from "protoc-gen-bff/compiler";
import { Refusal } from "../terminal.ts";
import type { ChangeEntry } from "./change.ts";
import {
  type BffEntry,
  type ElementUse,
  FLEET_VERSION,
  type FleetDocument,
  type MethodEntry,
  type MethodUse,
  type OutageEntry,
  type UpstreamEntry,
} from "./document.ts";
import type { Problem } from "./problem.ts";
import { type FleetBff, servicesOfBff } from "./read-bffs.ts";
import { type PlanFile, type PlannedRpc, servicesOf } from "./read-plan.ts";

/** Options and findings beside the BFFs. */
interface FleetFacts {
  /** Teams by the name of a BFF or an upstream, as in --owner. */
  readonly teams: ReadonlyMap<string, readonly string[]>;
  readonly change: ChangeEntry | undefined;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

/** Returns the tables. Throws a `Refusal` if `teams` names no BFF and no upstream, or several BFFs. */
export function buildFleet(bffs: readonly FleetBff[], { teams, change, problems, notes }: FleetFacts): FleetDocument {
  const services = [...new Set(bffs.flatMap((bff) => [...servicesOfBff(bff)]))].sort();
  checkTeams(teams, bffs, services);
  const elements = new Elements();
  for (const { id, lock } of bffs) if (lock !== undefined) elements.add(id, lock);
  const outages = Map.groupBy(
    bffs.flatMap((bff) => bff.plans.flatMap((plan) => plan.rpcs.flatMap((rpc) => outagesOf(bff.id, rpc, plan)))),
    ([service]) => service,
  );
  return {
    protobff_fleet: FLEET_VERSION,
    bffs: bffs.map((bff) => bffEntry(bff, teams)),
    upstreams: services.map((service): UpstreamEntry => {
      const users = bffs.filter((bff) => servicesOfBff(bff).has(service));
      return {
        service,
        owners: [...(teams.get(service) ?? []), ...(teams.get(parentName(service)) ?? [])],
        methods: methodEntries(service, users),
        elements: elements.of(service),
        down: (outages.get(service) ?? []).map(([, entry]) => entry).sort(byName(worst)),
        without_plan: users.filter(({ plans }) => plans.length === 0).map(({ id }) => id),
      };
    }),
    other_elements: elements.others(),
    deprecations: elements.deprecated(),
    ...(change !== undefined && { change }),
    problems,
    notes,
  };
}

const OUTCOMES: readonly OutageEntry["outcome"][] = ["fails", "unknown", "degraded", "complete", "not reached"];
const worst = ({ outcome, bff, rpc }: OutageEntry): string => `${OUTCOMES.indexOf(outcome)} ${bff} ${rpc}`;
const byName =
  <T>(nameOf: (item: T) => string) =>
  (a: T, b: T): number =>
    nameOf(a) < nameOf(b) ? -1 : 1;

function checkTeams(
  teams: ReadonlyMap<string, readonly string[]>,
  bffs: readonly FleetBff[],
  services: readonly string[],
): void {
  const others = new Set([...bffs.map(({ id }) => id), ...services, ...services.map(parentName)]);
  for (const name of teams.keys()) {
    if (others.has(name)) continue;
    const ids = bffs.flatMap((bff) => (bff.name === name ? [bff.id] : []));
    if (ids.length > 0)
      throw new Refusal(
        `--owner: ${ids.length} BFFs are called "${name}": write ${ids.map((id) => `"${id}"`).join(" or ")}`,
        2,
      );
    const like = didYouMean(name, others);
    const hint = like === undefined ? "name a BFF, a service or a package" : `did you mean "${like}"?`;
    throw new Refusal(`--owner: the fleet has no "${name}": ${hint}`, 2);
  }
}

function bffEntry(bff: FleetBff, teams: ReadonlyMap<string, readonly string[]>): BffEntry {
  const { id, name, place, lockVersion, plans, owners } = bff;
  const named = teams.get(id);
  return {
    id,
    name,
    place,
    lock_version: lockVersion,
    plans: plans.map(({ path }) => path),
    owners: named ?? owners.owners,
    owners_from: named === undefined ? owners.from : "--owner",
    rpcs: plans.length === 0 ? null : plans.flatMap(({ rpcs }) => rpcs.map(({ rpc }) => rpc)).sort(),
  };
}

function methodEntries(service: string, users: readonly FleetBff[]): readonly MethodEntry[] {
  const found = new Map<string, MethodUse[]>();
  for (const { id, lock, plans } of users) {
    const rpcs = plans.flatMap((plan) => plan.rpcs);
    const files = [...(lock ?? [])];
    const names = new Set([
      ...files.flatMap(([, elements]) => [...elements.keys()]),
      ...rpcs.flatMap(({ methods }) => methods),
    ]);
    for (const name of names) {
      if (!name.startsWith(`${service}/`)) continue;
      const use: MethodUse = {
        bff: id,
        files: files.flatMap(([file, elements]) => (elements.has(name) ? [file] : [])),
        rpcs:
          plans.length === 0 ? null : rpcs.flatMap(({ rpc, methods }) => (methods.includes(name) ? [rpc] : [])).sort(),
      };
      found.set(name, [...(found.get(name) ?? []), use]);
    }
  }
  return [...found].map(([method, used_by]) => ({ method, used_by })).sort(byName(({ method }) => method));
}

interface ElementFacts {
  readonly facts: Facts;
  /** Types of a field: several if locks of different ages disagree. */
  readonly types: Set<string>;
  readonly usedBy: Set<string>;
  isDeprecated: boolean;
}
type Collected = Map<string, ElementFacts>;

/** Used elements by service. */
class Elements {
  readonly #all: Collected = new Map();
  readonly #byService = new Map<string, Collected>();
  readonly #called = new Set<string>();

  add(bff: string, lock: Lock): void {
    const entries = [...lock.values()].flatMap((elements) => [...elements]);
    for (const [name, { facts }] of entries) collect(this.#all, name, facts, bff);
    const services = new Set(
      entries.flatMap(([name, { facts }]) => (facts.kind === "method" ? [parentName(name)] : [])),
    );
    for (const service of services) {
      const uses = usesOf(lock, [service]);
      if (!("members" in uses)) continue;
      const found = this.#byService.get(service) ?? new Map();
      this.#byService.set(service, found);
      for (const [name, { facts }] of uses.members) {
        collect(found, name, facts, bff);
        this.#called.add(name);
      }
    }
  }

  of(service: string): readonly ElementUse[] {
    return entriesOf(this.#byService.get(service), ({ kind }) => isMember(kind));
  }
  others(): readonly ElementUse[] {
    return entriesOf(this.#all, ({ kind }, name) => isMember(kind) && !this.#called.has(name));
  }
  deprecated(): readonly ElementUse[] {
    return entriesOf(this.#all, (_, name) => this.#all.get(name)?.isDeprecated === true);
  }
}

const isMember = (kind: Facts["kind"]): boolean => kind === "field" || kind === "extension" || kind === "value";

function collect(into: Collected, name: string, facts: Facts, bff: string): void {
  const known = into.get(name) ?? { facts, types: new Set<string>(), usedBy: new Set<string>(), isDeprecated: false };
  known.usedBy.add(bff);
  if ("type" in facts) known.types.add(`${facts.cardinality === "repeated" ? "repeated " : ""}${facts.type}`);
  known.isDeprecated ||= facts.deprecated === true;
  into.set(name, known);
}

function entriesOf(
  all: Collected | undefined,
  isShown: (facts: Facts, name: string) => boolean,
): readonly ElementUse[] {
  return [...(all ?? [])]
    .filter(([name, { facts }]) => isShown(facts, name))
    .map(([element, { facts, types, usedBy, isDeprecated }]) => ({
      element,
      kind: facts.kind,
      ...(types.size > 0 && { type: [...types].join(" or ") }),
      ...(isDeprecated && { deprecated: true as const }),
      used_by: [...usedBy].sort(),
    }))
    .sort(byName(({ element }) => element));
}

// Outcomes of an rpc while one upstream is down.

/** Returns the outcomes for each service that an rpc calls. */
export function outagesOf(
  bff: string,
  planned: PlannedRpc,
  { behaviour }: PlanFile,
): readonly (readonly [service: string, entry: OutageEntry])[] {
  const { rpc, withoutNats } = planned;
  return servicesOf(planned).map((service) => {
    const all = planned.methods.filter((method) => method.startsWith(`${service}/`));
    const onlyTopics = all.every((method) => withoutNats.has(method));
    const found = outcomeIn(behaviour, rpc, service);
    return [service, { bff, rpc, ...found, ...(onlyTopics && { without_nats: true as const }) }];
  });
}

type Outcome = Pick<OutageEntry, "outcome" | "codes" | "missing" | "why">;

function outcomeIn(behaviour: PlanFile["behaviour"], rpc: string, service: string): Outcome {
  try {
    const found = behaviour.rpcs.find((candidate) => candidate.rpc === rpc);
    if (found === undefined) return { outcome: "unknown", why: "the plan has no predictions for it" };
    return outcomeEntry(outageOf(behaviour, found, service));
  } catch (error) {
    // A plan of another program, or a damaged one.
    return {
      outcome: "unknown",
      why: `the plan cannot be evaluated: ${error instanceof Error ? error.message : error}`,
    };
  }
}

function outcomeEntry(prediction: Prediction | undefined): Outcome {
  if (prediction === undefined) return { outcome: "not reached" };
  if (prediction.kind === "unpredictable") return { outcome: "unknown", why: prediction.why };
  if (prediction.kind === "status") return { outcome: "fails", codes: prediction.codes.map(codeName) };
  const byPath = Map.groupBy(prediction.entries, ({ path }) => path.replace(/\[("(\\.|[^"\\])*"|[^\]]*)\]/g, "[*]"));
  const missing = [...byPath].map(([path, entries]) => ({
    path,
    effects: [...new Set(entries.flatMap(({ effects }) => effects))],
    ...(entries.every(({ optional }) => optional) && { perhaps: true as const }),
  }));
  return missing.length === 0 ? { outcome: "complete" } : { outcome: "degraded", missing };
}
