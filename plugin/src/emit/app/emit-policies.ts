// Policies as named constants: the common values, and the differences from them.

import { Code } from "@protobff/messages/options.js";
import { ADAPTIVE_MOST, policyKey } from "../../plan/calls/policies.ts";
import {
  DEFAULT_CONSECUTIVE,
  type Leaf,
  type PlanBreaker,
  type PlanCallPolicy,
  type PlanUpstream,
} from "../../plan/model/calls.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { NameScope, upperFirst, upperSnake } from "../../plan/names/name-scope.ts";
import type { AmountValue } from "../../text/amount.ts";
import type { FileNames } from "../names/file-names.ts";
import { codeName } from "../steps/emit-call.ts";
import { block, commas, group, type Line, type Lines } from "../text/lines.ts";
import { amount } from "../values/amount.ts";
import { emitFairShare, fairLimit } from "./emit-fair-share.ts";

export interface Policies {
  readonly lines: Lines;
  /** The constant of a call's policy. */
  readonly call: (entry: Pick<Entry, "policy" | "method">) => string;
  readonly upstream: (upstream: PlanUpstream) => string;
}

export function emitPolicies(file: PlanFile, names: FileNames): Policies {
  const scope = new NameScope();
  const lines: Line[] = [...emitFairShare(file, names)];
  const fair = fairLimit(file);
  const upstreams = emitUpstreams(file.upstreams, { names, scope, lines, fair });
  const entries: readonly Entry[] = [
    ...file.entries,
    ...file.topics.flatMap(({ entry }) => entry ?? []),
    ...file.clients,
  ];
  const constants = new Map([
    ...emitCalls(entries.filter(isAnswer), "CALL", { names, scope, lines, fair }),
    ...emitCalls(
      entries.filter((entry) => !isAnswer(entry)),
      "STREAM",
      { names, scope, lines, fair },
    ),
  ]);
  return {
    lines,
    call: ({ policy, method }) => constants.get(keyOf({ policy, method })) ?? "CALL",
    upstream: (upstream) => upstreams.get(upstream) ?? "UPSTREAM",
  };
}

/** Returns the most common item, which is written out. The other items are written as differences from it. */
function mostCommon<T>(items: readonly T[], key: (item: T) => string): T | undefined {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  let best: T | undefined;
  for (const item of items)
    if (best === undefined || (counts.get(key(item)) ?? 0) > (counts.get(key(best)) ?? 0)) best = item;
  return best;
}

// ---- numbers of variables ----

/** The number, or the name of its variable. */
const amountKey = ({ value, env }: AmountValue): string => (env === undefined ? group(value) : `env.${env.name}`);

/** The reading of a variable, or of a constant that reads one. */
const readsVariable = (part: Line[number]): boolean =>
  typeof part === "string" && /^\("\w+", env\.|^\.\.\.\w+\(env\),$/.test(part);

/** Prints a constant, or a function of `env` if one of its rows reads a variable; and how it is read. */
function constant(name: string, rows: Lines): { readonly lines: Lines; readonly read: string } {
  if (rows.length === 0) return { lines: [[`const ${name} = {};`], []], read: name };
  if (!rows.some((row) => row.some(readsVariable)))
    return { lines: [...block([`const ${name} = {`], rows, ["};"]), []], read: name };
  return { lines: [...block([`const ${name} = (env: Env) => ({`], rows, ["});"]), []], read: `${name}(env)` };
}

// ---- calls ----

/** Number of codes that an error may have: all except OK and ANY. */
const ERRORS = Object.keys(Code).length - 2;

type CallLeaf = { readonly name: string; readonly value: string; readonly print: Line; readonly comment: string };

function callLeaves(policy: PlanCallPolicy, names: FileNames, fair: string): CallLeaf[] {
  const leaves: CallLeaf[] = [];
  const { timeoutMs, retry, hedge, cache, sensitive, forward, identify, limit, streams } = policy;
  if (timeoutMs !== undefined)
    leaves.push({
      name: "timeoutMs",
      value: amountKey(timeoutMs),
      print: amount(timeoutMs, names),
      comment: comment([timeoutMs], names),
    });
  if (retry !== undefined) leaves.push(retryLeaf(retry, names));
  if (hedge !== undefined) {
    const { delayMs, max, budget } = hedge;
    const share = budget === undefined ? "" : `, budget: ${budget.value}`;
    const rest = `, max: ${max.value}${share} }`;
    const print: Line = ["{ delayMs: ", ...amount(delayMs, names), rest];
    const sources = budget === undefined ? [delayMs, max] : [delayMs, max, budget];
    leaves.push({ name: "hedge", value: `${amountKey(delayMs)}${rest}`, print, comment: comment(sources, names) });
  }
  if (cache !== undefined) {
    const { ttlMs, staleMs } = cache;
    const stale: Line = staleMs === undefined ? [] : [", staleMs: ", ...amount(staleMs, names)];
    const purged = cache.purged === undefined ? "" : `, purged: ${JSON.stringify(cache.purged.value)} as const`;
    const single = cache.singleFetch === undefined ? "" : ", singleFetch: false";
    const print: Line = ["{ ttlMs: ", ...amount(ttlMs, names), ...stale, `${purged}${single} }`];
    const settings = [cache.ttlMs, cache.staleMs, cache.purged, cache.singleFetch].filter(
      (setting) => setting !== undefined,
    );
    // Entries add the tags, which differ by method.
    const tags = cache.tags.map(({ text }) => text.value);
    const key = [amountKey(ttlMs), staleMs && amountKey(staleMs), purged, single, ...tags];
    leaves.push({ name: "cache", value: key.join(), print, comment: comment(settings, names) });
  }
  if (sensitive) leaves.push({ name: "sensitive", value: "true", print: ["true"], comment: "" });
  if (forward !== undefined) {
    const value = `[${forward.value.map((name) => JSON.stringify(name)).join(", ")}]`;
    leaves.push({ name: "forward", value, print: [value], comment: comment([forward], names) });
  }
  if (identify !== undefined) {
    const value = `${JSON.stringify(identify.value)} as const`;
    leaves.push({ name: "identify", value, print: [value], comment: comment([identify], names) });
  }
  if (streams !== undefined) leaves.push({ name: "streams", ...number(streams), comment: comment([streams], names) });
  if (limit !== undefined) leaves.push(limitLeaf(limit, names, fair));
  return leaves;
}

function retryLeaf(retry: NonNullable<PlanCallPolicy["retry"]>, names: FileNames): CallLeaf {
  const { attempts, on, initialMs, maxMs, multiplier, when } = retry;
  const codes = commas(on.value.map((code): Line => [names.runtime("Code"), `.${codeName(code)}`]));
  const list: Line = on.value.length === ERRORS ? [names.runtime("ERROR_CODES")] : ["[", ...codes, "]"];
  const rest = [attempts, initialMs, maxMs, multiplier].map((leaf) => group(leaf.value));
  const print: Line = [
    `{ attempts: ${rest[0]}, on: `,
    ...list,
    `, initialMs: ${rest[1]}, maxMs: ${rest[2]}, multiplier: ${rest[3]} }`,
  ];
  const condition = when === undefined ? [] : [{ value: 0, at: when.text.at }];
  return {
    name: "retry",
    value: JSON.stringify([on.value, rest, when?.text.value]),
    print,
    comment: comment([attempts, on, initialMs, maxMs, multiplier, ...condition], names),
  };
}

function limitLeaf(limit: NonNullable<PlanCallPolicy["limit"]>, names: FileNames, fair: string): CallLeaf {
  const adaptive = limit.adaptive?.value === true;
  const { concurrent } = limit;
  const most = adaptive ? group(ADAPTIVE_MOST) : "Number.POSITIVE_INFINITY";
  const rest = `, queued: ${limit.queued?.value ?? 1000}${adaptive ? ", adaptive: true" : ""}${fair} }`;
  const first: Line = concurrent?.env === undefined ? [String(concurrent?.value ?? most)] : amount(concurrent, names);
  const leaves = [limit.concurrent, limit.queued, limit.adaptive].filter((leaf) => leaf !== undefined);
  const value = `${concurrent === undefined ? most : amountKey(concurrent)}${rest}`;
  return { name: "limit", value, print: ["{ concurrent: ", ...first, rest], comment: comment(leaves, names) };
}

type Entry = PlanFile["entries"][number] | PlanFile["clients"][number];

const isAnswer = ({ method }: Pick<Entry, "method">): boolean => method.methodKind === "unary";
const keyOf = (entry: Pick<Entry, "policy" | "method">): string =>
  `${isAnswer(entry) ? "" : "stream "}${policyKey(entry.policy)}`;

interface Written {
  readonly names: FileNames;
  readonly scope: NameScope;
  readonly lines: Line[];
  /** `, fair: FAIR_SHARE` in limits, or nothing. */
  readonly fair: string;
}

/** @param entries unary calls, or calls that are followed; `kind` distinguishes them */
function emitCalls(
  entries: readonly Entry[],
  kind: "CALL" | "STREAM",
  { names, scope, lines, fair }: Written,
): Map<string, string> {
  if (entries.length === 0) return new Map();
  const base = baseOf(entries);
  const constants = new Map<string, string>();
  const common = scope.take(kind);
  const shared = base === undefined ? [] : callLeaves(base, names, fair);
  const baseConstant = constant(common, shared.map(leafLine));
  if (base !== undefined) {
    constants.set(`${kind === "STREAM" ? "stream " : ""}${policyKey(base)}`, baseConstant.read);
    lines.push(...baseConstant.lines);
  }
  for (const { policy, method } of entries) {
    const key = keyOf({ policy, method });
    if (constants.has(key)) continue;
    const methodLeaves = callLeaves(policy, names, fair);
    const changed = methodLeaves.filter(
      (leaf) => shared.find((other) => other.name === leaf.name)?.value !== leaf.value,
    );
    const reset = shared.filter((leaf) => !methodLeaves.some((other) => other.name === leaf.name));
    const users = entries.filter((entry) => keyOf(entry) === key);
    const wish = nameOfUsers(users, entries) ?? nameOfContent(policy, [...changed, ...reset]);
    const name = scope.take(`${upperSnake(wish).replace(/_+$/, "")}_${kind}`);
    const written = constant(name, [
      ...(base === undefined ? [] : [[`...${baseConstant.read},`]]),
      ...changed.map(leafLine),
      ...reset.map((leaf): Line => [`${leaf.name}: undefined,`]),
    ]);
    constants.set(key, written.read);
    lines.push(...written.lines);
  }
  return constants;
}

/**
 * Returns the policy of most calls. Returns none if it belongs to one upstream among several: the other policies are no
 * variations of it.
 */
function baseOf(entries: readonly Entry[]): PlanCallPolicy | undefined {
  const base = mostCommon(
    entries.map(({ policy }) => policy),
    policyKey,
  );
  if (base === undefined) return undefined;
  const users = entries.filter(({ policy }) => policyKey(policy) === policyKey(base));
  const upstreams = (of: readonly Entry[]): number => new Set(of.map(({ upstream }) => upstream)).size;
  return upstreams(users) === 1 && upstreams(entries) > 1 ? undefined : base;
}

/** The upstream, when all of its calls have the policy and no others; the call, when it is alone. */
function nameOfUsers(users: readonly Entry[], entries: readonly Entry[]): string | undefined {
  const [first, ...others] = users;
  if (first === undefined) return undefined;
  const ofUpstream = entries.filter(({ upstream }) => upstream === first.upstream);
  if (ofUpstream.length === users.length && ofUpstream.every((entry) => users.includes(entry))) return first.upstream;
  if (others.length > 0) return undefined;
  return "sends" in first ? `${first.upstream}${upperFirst(first.name)}` : first.name;
}

/**
 * Returns a name from the contents of a policy that several calls share, such as `timeout_300ms`. New or removed calls
 * then do not rename it.
 */
function nameOfContent({ timeoutMs, retry }: PlanCallPolicy, differing: readonly CallLeaf[]): string {
  const words: Readonly<Record<string, string>> = {
    timeoutMs: timeoutMs === undefined ? "no_timeout" : `timeout_${timeoutMs.env?.name ?? `${timeoutMs.value}ms`}`,
    retry: retry === undefined ? "once" : `attempts_${retry.attempts.value}`,
  };
  return differing.map(({ name }) => words[name] ?? name).join("_");
}

// ---- upstreams ----

function emitUpstreams(
  upstreams: readonly PlanUpstream[],
  { names, scope, lines, fair }: Written,
): Map<PlanUpstream, string> {
  const constants = new Map<PlanUpstream, string>();
  const base = mostCommon(upstreams, (upstream) => upstreamKey(upstream, names));
  if (base === undefined) return constants;
  const common = scope.take("UPSTREAM");
  const baseConstant = constant(common, upstreamRows(base, undefined, { names, fair }));
  lines.push(...baseConstant.lines);
  for (const upstream of upstreams) {
    if (upstreamKey(upstream, names) === upstreamKey(base, names)) {
      constants.set(upstream, baseConstant.read);
      continue;
    }
    const name = scope.take(`${upperSnake(upstream.name).replace(/_+$/, "")}_UPSTREAM`);
    const rows = [[`...${baseConstant.read},`], ...upstreamRows(upstream, base, { names, fair })];
    const written = constant(name, rows);
    constants.set(upstream, written.read);
    lines.push(...written.lines);
  }
  return constants;
}
function upstreamKey(upstream: PlanUpstream, names: FileNames): string {
  return JSON.stringify(upstreamLeaves(upstream, names).map(({ print }) => textOf(print)));
}
/** The line with the names of its imports; another number, another text. */
const textOf = (print: Line): string => print.map((part) => (typeof part === "string" ? part : "")).join("");
/** An empty `print`: not declared. */
type UpstreamLeaf = { readonly name: string; readonly print: Line; readonly values: readonly Leaf<unknown>[] };

function upstreamLeaves(
  { breaker, limit, retryBudget, methods, shard }: PlanUpstream,
  names: FileNames,
  fair = "",
): UpstreamLeaf[] {
  const ofMethods = methods.map(
    (method): Line => [`${method.name}: { breaker: `, ...breakerPrint(method.breaker, names), " }"],
  );
  return [
    { name: "breaker", print: breakerPrint(breaker, names), values: breakerValues(breaker) },
    {
      name: "limit",
      print: [
        "{ concurrent: ",
        ...amount(limit.concurrent, names),
        `, queued: ${group(limit.queued.value)}${limit.adaptive.value ? ", adaptive: true" : ""}${fair} }`,
      ],
      values: [limit.concurrent, limit.queued, limit.adaptive],
    },
    {
      name: "streams",
      print: limit.streams === undefined ? [] : [group(limit.streams.value)],
      values: limit.streams === undefined ? [] : [limit.streams],
    },
    {
      name: "retryBudget",
      print:
        retryBudget === undefined
          ? []
          : [`{ maxTokens: ${group(retryBudget.maxTokens.value)}, tokenRatio: ${retryBudget.tokenRatio.value} }`],
      values: retryBudget === undefined ? [] : [retryBudget.maxTokens, retryBudget.tokenRatio],
    },
    {
      name: "shardHash",
      print: shard?.hash.value === "modulo" ? ['"modulo" as const'] : [],
      values: shard === undefined ? [] : [shard.hash],
    },
    {
      name: "methods",
      print: ofMethods.length === 0 ? [] : ["{ ", ...commas(ofMethods), " }"],
      values: methods.flatMap((method) => breakerValues(method.breaker)),
    },
  ];
}
const breakerValues = (breaker: PlanBreaker | undefined): Leaf<number>[] =>
  breakerLeaves(breaker ?? {}).map(([, leaf]) => leaf);
function breakerPrint(breaker: PlanBreaker | undefined, names: FileNames): Line {
  if (breaker === undefined) return ["undefined"];
  const leaves = breakerLeaves(breaker).map(([name, leaf]): Line => [`${name}: `, ...amount(leaf, names)]);
  return ["{ ", ...commas(leaves), " }"];
}
/** Returns the values that differ from the runtime's defaults, or that the runtime requires. */
function breakerLeaves(breaker: Partial<PlanBreaker>): [string, Leaf<number>][] {
  return Object.entries(breaker).flatMap(
    ([name, leaf]: [string, Leaf<number> | undefined]): [string, Leaf<number>][] =>
      leaf === undefined || (name === "consecutive" && leaf.value === DEFAULT_CONSECUTIVE) ? [] : [[name, leaf]],
  );
}

/** Prints a policy in full, or its differences from the base. Undeclared values are omitted. */
function upstreamRows(
  upstream: PlanUpstream,
  base: PlanUpstream | undefined,
  { names, fair }: Pick<Written, "names" | "fair">,
): Line[] {
  const shared = base && upstreamLeaves(base, names, fair);
  return upstreamLeaves(upstream, names, fair).flatMap(({ name, print, values }): Line[] => {
    const before = shared?.find((leaf) => leaf.name === name)?.print;
    if (before === undefined ? print.length === 0 : textOf(print) === textOf(before)) return [];
    return [[`${name}: `, ...(print.length === 0 ? ["undefined"] : print), ",", comment(values, names)]];
  });
}

const leafLine = ({ name, print, comment }: CallLeaf): Line => [`${name}: `, ...print, ",", comment];
function number(leaf: Leaf<number>): { value: string; print: Line } {
  return { value: String(leaf.value), print: [group(leaf.value)] };
}
/** Returns a comment with the places of declared leaves; defaults have no place. */
function comment(leaves: readonly { readonly at: Leaf<unknown>["at"] }[], names: FileNames): string {
  const places = [
    ...new Set(leaves.flatMap((leaf) => (leaf.at === undefined ? [] : [names.place(leaf.at).replace(/:\d+$/, "")]))),
  ];
  return places.length === 0 ? "" : ` // ${places.join(", ")}`;
}
