// Policies as named constants: what all share, and what differs.

import { NameScope, upperFirst, upperSnake } from "../plan/names.ts";
import type { Leaf, PlanBreaker, PlanCallPolicy, PlanFile, PlanUpstream } from "../plan/plan.ts";
import { policyKey } from "../plan/policies.ts";
import { codeName } from "./emit-call.ts";
import type { FileNames } from "./file-names.ts";
import { block, type Line, type Lines } from "./lines.ts";

export interface Policies {
  readonly lines: Lines;
  /** The constant of a call's policy. */
  readonly call: (policy: PlanCallPolicy) => string;
  readonly upstream: (upstream: PlanUpstream) => string;
}

export function emitPolicies(file: PlanFile, names: FileNames): Policies {
  const scope = new NameScope();
  const lines: Line[] = [];
  const upstreams = emitUpstreams(file.upstreams, names, scope, lines);
  const calls = emitCalls(file, names, scope, lines);
  return {
    lines,
    call: (policy) => calls.get(policyKey(policy)) ?? "CALL",
    upstream: (upstream) => upstreams.get(upstream) ?? "UPSTREAM",
  };
}

/** The most common one is written out; the others say what differs from it. */
function mostCommon<T>(items: readonly T[], key: (item: T) => string): T | undefined {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  let best: T | undefined;
  for (const item of items)
    if (best === undefined || (counts.get(key(item)) ?? 0) > (counts.get(key(best)) ?? 0)) best = item;
  return best;
}

// ---- calls ----

type CallLeaf = { readonly name: string; readonly value: string; readonly print: Line; readonly comment: string };

function callLeaves(policy: PlanCallPolicy, names: FileNames): CallLeaf[] {
  const leaves: CallLeaf[] = [];
  const { timeoutMs, retry, hedge, cache, forward, limit } = policy;
  if (timeoutMs !== undefined)
    leaves.push({ name: "timeoutMs", ...number(timeoutMs), comment: comment([timeoutMs], names) });
  if (retry !== undefined) {
    const { attempts, on, initialMs, maxMs, multiplier, when } = retry;
    const codes = on.value.flatMap(
      (code, i): Line => [i === 0 ? "" : ", ", names.runtime("Code"), `.${codeName(code)}`],
    );
    const rest = [attempts, initialMs, maxMs, multiplier].map((leaf) => group(leaf.value));
    const print: Line = [
      `{ attempts: ${rest[0]}, on: [`,
      ...codes,
      `], initialMs: ${rest[1]}, maxMs: ${rest[2]}, multiplier: ${rest[3]} }`,
    ];
    leaves.push({
      name: "retry",
      value: JSON.stringify([on.value, rest, when?.text.value]),
      print,
      comment: comment(
        [attempts, on, initialMs, maxMs, multiplier, ...(when === undefined ? [] : [{ value: 0, at: when.text.at }])],
        names,
      ),
    });
  }
  if (hedge !== undefined) {
    const value = `{ delayMs: ${group(hedge.delayMs.value)}, max: ${hedge.max.value} }`;
    leaves.push({ name: "hedge", value, print: [value], comment: comment([hedge.delayMs, hedge.max], names) });
  }
  if (cache !== undefined) {
    const stale = cache.staleMs === undefined ? "" : `, staleMs: ${group(cache.staleMs.value)}`;
    const value = `{ ttlMs: ${group(cache.ttlMs.value)}${stale} }`;
    const said = cache.staleMs === undefined ? [cache.ttlMs] : [cache.ttlMs, cache.staleMs];
    leaves.push({ name: "cache", value, print: [value], comment: comment(said, names) });
  }
  if (forward !== undefined) {
    const value = `[${forward.value.map((name) => JSON.stringify(name)).join(", ")}]`;
    leaves.push({ name: "forward", value, print: [value], comment: comment([forward], names) });
  }
  if (limit !== undefined) {
    const concurrent = limit.concurrent?.value ?? "Number.POSITIVE_INFINITY";
    const value = `{ concurrent: ${concurrent}, queued: ${limit.queued?.value ?? 1000} }`;
    leaves.push({
      name: "limit",
      value,
      print: [value],
      comment: comment(
        [limit.concurrent, limit.queued].filter((leaf) => leaf !== undefined),
        names,
      ),
    });
  }
  return leaves;
}

function emitCalls(file: PlanFile, names: FileNames, scope: NameScope, lines: Line[]): Map<string, string> {
  const entries = [...file.entries, ...file.clients];
  const policies = entries.map((entry) => entry.policy);
  const base = mostCommon(policies, policyKey);
  const constants = new Map<string, string>();
  if (base === undefined) return constants;
  const common = scope.take("CALL");
  const shared = callLeaves(base, names);
  constants.set(policyKey(base), common);
  lines.push(
    ...constant(
      common,
      shared.map((leaf) => leafLine(leaf)),
    ),
  );
  for (const entry of entries) {
    const key = policyKey(entry.policy);
    if (constants.has(key)) continue;
    const service = entries.filter((other) => other.upstream === entry.upstream);
    const ofClient = file.clients.some((client) => client === entry);
    const wish = service.every((other) => policyKey(other.policy) === key)
      ? entry.upstream
      : ofClient
        ? `${entry.upstream}${upperFirst(entry.name)}`
        : entry.name;
    const name = scope.take(`${upperSnake(wish).replace(/_+$/, "")}_CALL`);
    constants.set(key, name);
    const own = callLeaves(entry.policy, names);
    const changed = own.filter((leaf) => shared.find((other) => other.name === leaf.name)?.value !== leaf.value);
    const gone = shared.filter((leaf) => !own.some((other) => other.name === leaf.name));
    lines.push(
      ...constant(name, [
        [`...${common},`],
        ...changed.map(leafLine),
        ...gone.map((leaf): Line => [`${leaf.name}: undefined,`]),
      ]),
    );
  }
  return constants;
}

// ---- upstreams ----

function emitUpstreams(
  upstreams: readonly PlanUpstream[],
  names: FileNames,
  scope: NameScope,
  lines: Line[],
): Map<PlanUpstream, string> {
  const constants = new Map<PlanUpstream, string>();
  const base = mostCommon(upstreams, upstreamKey);
  if (base === undefined) return constants;
  const common = scope.take("UPSTREAM");
  lines.push(...constant(common, upstreamRows(base, undefined, names)));
  for (const upstream of upstreams) {
    if (upstreamKey(upstream) === upstreamKey(base)) {
      constants.set(upstream, common);
      continue;
    }
    const name = scope.take(`${upperSnake(upstream.name).replace(/_+$/, "")}_UPSTREAM`);
    constants.set(upstream, name);
    lines.push(...constant(name, [[`...${common},`], ...upstreamRows(upstream, base, names)]));
  }
  return constants;
}
function upstreamKey(upstream: PlanUpstream): string {
  return JSON.stringify(upstreamLeaves(upstream).map(({ print }) => print));
}
type UpstreamLeaf = { readonly name: string; readonly print: string; readonly said: readonly Leaf<number>[] };

function upstreamLeaves({ breaker, limit, retryBudget, methods }: PlanUpstream): UpstreamLeaf[] {
  const ofMethods = methods.map((method) => `${method.name}: { breaker: ${breakerPrint(method.breaker)} }`);
  return [
    { name: "breaker", print: breakerPrint(breaker), said: breakerSaid(breaker) },
    {
      name: "limit",
      print: `{ concurrent: ${group(limit.concurrent.value)}, queued: ${group(limit.queued.value)} }`,
      said: [limit.concurrent, limit.queued],
    },
    {
      name: "retryBudget",
      print:
        retryBudget === undefined
          ? ""
          : `{ maxTokens: ${group(retryBudget.maxTokens.value)}, tokenRatio: ${retryBudget.tokenRatio.value} }`,
      said: retryBudget === undefined ? [] : [retryBudget.maxTokens, retryBudget.tokenRatio],
    },
    {
      name: "methods",
      print: ofMethods.length === 0 ? "" : `{ ${ofMethods.join(", ")} }`,
      said: methods.flatMap((method) => breakerSaid(method.breaker)),
    },
  ];
}
const breakerSaid = (breaker: PlanBreaker | undefined): Leaf<number>[] =>
  Object.values(breaker ?? {}).filter((leaf: Leaf<number> | undefined) => leaf !== undefined);
function breakerPrint(breaker: PlanBreaker | undefined): string {
  if (breaker === undefined) return "undefined";
  const leaves = Object.entries(breaker).flatMap(([name, leaf]: [string, Leaf<number> | undefined]) =>
    leaf === undefined ? [] : [`${name}: ${group(leaf.value)}`],
  );
  return `{ ${leaves.join(", ")} }`;
}

/** Written out, or what differs from the base; what says nothing is left out. */
function upstreamRows(upstream: PlanUpstream, base: PlanUpstream | undefined, names: FileNames): Line[] {
  const shared = base && upstreamLeaves(base);
  return upstreamLeaves(upstream).flatMap(({ name, print, said }): Line[] => {
    const before = shared?.find((leaf) => leaf.name === name)?.print;
    if (before === undefined ? print === "" : print === before) return [];
    return [[`${name}: ${print === "" ? "undefined" : print},`, comment(said, names)]];
  });
}

const constant = (name: string, rows: Lines): Lines => [...block([`const ${name} = {`], rows, ["};"]), []];
const leafLine = ({ name, print, comment }: CallLeaf): Line => [`${name}: `, ...print, ",", comment];
function number(leaf: Leaf<number>): { value: string; print: Line } {
  return { value: String(leaf.value), print: [group(leaf.value)] };
}
/** `10_000`. */
export const group = (value: number): string =>
  Number.isInteger(value) && value >= 1_000 ? String(value).replace(/\B(?=(\d{3})+$)/g, "_") : String(value);
/** Where the leaves that come from source stand; defaults carry nothing. */
function comment(leaves: readonly { readonly at: Leaf<unknown>["at"] }[], names: FileNames): string {
  const places = [
    ...new Set(leaves.flatMap((leaf) => (leaf.at === undefined ? [] : [names.place(leaf.at).replace(/:\d+$/, "")]))),
  ];
  return places.length === 0 ? "" : ` // ${places.join(", ")}`;
}
