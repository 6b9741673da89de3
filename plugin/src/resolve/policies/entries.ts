// The upstream entries that govern a package, and their settings for one method, leaf by leaf.

import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import { Protocol } from "@protobff/messages/options.js";
import {
  type Diagnostic,
  fault,
  type Origin,
  type Report,
  type Sourced,
  type Text,
} from "../../diagnostic/diagnostic.ts";
import type { IrFairShare, IrIdentity, IrPurge, IrRateLimit, IrTelemetry, IrUsage } from "../../ir/edge.ts";
import type { Ir, IrEnvVar, IrFile, IrFunction, IrMethod } from "../../ir/ir.ts";
import type { Amount, IrBranch, IrPolicy, IrUpstream } from "../../ir/step.ts";
import { fullName } from "../../model/full-name.ts";
import { amountText } from "../../text/amount.ts";
import type { RestRule } from "../model/rest.ts";
import { bound, boundEntry } from "./amounts.ts";
import { boundFields, httpBodies } from "./bound-fields.ts";

export interface Governing {
  readonly package: string;
  readonly entries: readonly IrUpstream[];
  /** The same before their variables are resolved. */
  readonly declaredEntries: readonly IrUpstream[];
  readonly env: readonly IrEnvVar[];
  readonly functions: readonly IrFunction[];
  readonly limits: readonly IrRateLimit[];
  readonly purges: readonly { readonly purge: IrPurge; readonly file: IrFile }[];
  readonly telemetries: readonly IrTelemetry[];
  readonly usages: readonly IrUsage[];
  readonly fairShares: readonly IrFairShare[];
  /** The lists of the package's files. Without one, those of their imports. */
  readonly hosts: readonly Text[];
  readonly identities: readonly { readonly identity: IrIdentity; readonly file: IrFile }[];
}

/** Returns the declarations in the files of a package and in their imports, in the order of the request. */
export function governing(ir: Ir, packageName: string): Governing {
  const known = governings.get(ir) ?? new Map<string, Governing>();
  governings.set(ir, known);
  const found = known.get(packageName) ?? findGoverning(ir, packageName);
  known.set(packageName, found);
  return found;
}
/** Results by package, because every call needs them. */
const governings = new WeakMap<Ir, Map<string, Governing>>();
function findGoverning(ir: Ir, packageName: string): Governing {
  const reach = new Set<string>();
  const visit = (desc: DescFile): void => {
    if (reach.has(desc.name)) return;
    reach.add(desc.name);
    for (const dependency of desc.dependencies) visit(dependency);
  };
  for (const file of ir.files) if (file.desc.proto.package === packageName) visit(file.desc);
  const files = ir.files.filter((file) => reach.has(file.desc.name));
  const ownHosts = files.filter(({ desc }) => desc.proto.package === packageName).flatMap(({ hosts }) => hosts);
  const env = files.flatMap((file) => file.env);
  const declaredEntries = files.flatMap((file) => file.upstreams);
  return {
    package: packageName,
    entries: declaredEntries.map((entry) => boundEntry(entry, env)),
    declaredEntries,
    env,
    functions: files.flatMap((file) => file.functions),
    limits: files.flatMap((file) => file.limits),
    purges: files.flatMap((file) => file.purges.map((purge) => ({ purge, file }))),
    hosts: ownHosts.length > 0 ? ownHosts : files.flatMap(({ hosts }) => hosts),
    fairShares: files.flatMap((file) => file.fairShare ?? []),
    telemetries: files.flatMap((file) => file.telemetry ?? []),
    usages: files.flatMap((file) => file.usage ?? []),
    identities: files.flatMap((file) => (file.identity === undefined ? [] : [{ identity: file.identity, file }])),
  };
}

/** Returns the time limit of an RPC; undefined: the default. */
export const timeoutOf = (ir: Ir, { timeout, desc }: IrMethod): Amount | undefined =>
  bound(timeout, governing(ir, desc.parent.file.proto.package).env);

/** Returns the entries that apply to a method, nearest first: of the method, of its service, of every upstream. */
export function entriesFor(entries: readonly IrUpstream[], method: DescMethod): IrUpstream[] {
  return [...entriesOf(entries, method), ...entriesAround(entries, method.parent)];
}
/** Returns the entries of the method alone. */
export function entriesOf(entries: readonly IrUpstream[], method: DescMethod): IrUpstream[] {
  return entries.filter((entry) => entry.method?.value === fullName(method));
}
/** Returns the entries of all methods of a service, nearest first. */
export function entriesAround(entries: readonly IrUpstream[], service: DescService): IrUpstream[] {
  const wide = entries.filter((entry) => entry.method === undefined);
  return [
    ...wide.filter((entry) => entry.service?.value === service.typeName),
    ...wide.filter((entry) => entry.service === undefined),
  ];
}

/** Returns the value of a leaf at the nearest level that declares it. */
export function nearest<L, T>(levels: readonly L[], leaf: (level: L) => T | undefined): T | undefined {
  for (const level of levels) {
    const value = leaf(level);
    if (value !== undefined) return value;
  }
  return undefined;
}

type Leaf = {
  readonly name: string;
  readonly unit?: "ms";
  readonly get: (entry: IrUpstream) => Setting | undefined;
};
type Setting = Sourced<unknown> & Pick<Amount, "env">;
const LEAVES: readonly Leaf[] = [
  { name: "timeout", unit: "ms", get: (entry) => entry.policy.timeout },
  { name: "retry.attempts", get: (entry) => entry.policy.retry?.attempts },
  { name: "retry.on", get: (entry) => list(entry.policy.retry?.on) },
  { name: "retry.backoff.initial", unit: "ms", get: (entry) => entry.policy.retry?.initial },
  { name: "retry.backoff.max", unit: "ms", get: (entry) => entry.policy.retry?.max },
  { name: "retry.backoff.multiplier", get: (entry) => entry.policy.retry?.multiplier },
  { name: "retry.if", get: (entry) => entry.policy.retry?.if },
  { name: "hedge.delay", get: (entry) => entry.policy.hedge?.delay },
  { name: "hedge.max", get: (entry) => entry.policy.hedge?.max },
  { name: "hedge.at_once", get: (entry) => entry.policy.hedge?.atOnce },
  { name: "hedge.budget", get: (entry) => entry.policy.hedge?.budget },
  { name: "cache.ttl", get: (entry) => entry.policy.cache?.ttl },
  { name: "cache.stale", get: (entry) => entry.policy.cache?.stale },
  { name: "cache.tag", get: (entry) => list(entry.policy.cache?.tags) },
  { name: "cache.purged", get: (entry) => entry.policy.cache?.purged },
  { name: "cache.single_fetch", get: (entry) => entry.policy.cache?.singleFetch },
  { name: "retry_budget.max_tokens", get: (entry) => entry.retryBudget?.maxTokens },
  { name: "retry_budget.token_ratio", get: (entry) => entry.retryBudget?.tokenRatio },
  { name: "balance.eject_after", get: (entry) => entry.balance?.ejectAfter },
  { name: "balance.eject_for", unit: "ms", get: (entry) => entry.balance?.ejectFor },
  { name: "balance.max_ejected", get: (entry) => entry.balance?.maxEjected },
  { name: "balance.refresh", unit: "ms", get: (entry) => entry.balance?.refresh },
  { name: "balance.connections", get: (entry) => entry.balance?.connections },
  { name: "balance.subset", get: (entry) => entry.balance?.subset },
  { name: "protocol", get: protocolName },
  { name: "limit.concurrent", get: (entry) => entry.policy.limit?.concurrent },
  { name: "limit.adaptive", get: (entry) => entry.policy.limit?.adaptive },
  { name: "limit.streams", get: (entry) => entry.policy.limit?.streams },
  { name: "limit.queued", get: (entry) => entry.policy.limit?.queued },
  { name: "forward", get: (entry) => list(entry.policy.forward) },
  { name: "identify", get: (entry) => entry.policy.identify },
  { name: "branch", get: (entry) => branches(entry.policy.branches) },
  { name: "idempotent", get: (entry) => entry.policy.idempotent },
  { name: "read_only", get: (entry) => entry.policy.readOnly },
  { name: "breaker.error_rate", get: (entry) => entry.breaker?.errorRate },
  { name: "breaker.window", unit: "ms", get: (entry) => entry.breaker?.window },
  { name: "breaker.minimum", get: (entry) => entry.breaker?.minimum },
  { name: "breaker.open_for", unit: "ms", get: (entry) => entry.breaker?.openFor },
  { name: "breaker.probes", get: (entry) => entry.breaker?.probes },
  { name: "breaker.slow", get: (entry) => entry.breaker?.slow },
  { name: "breaker.slow_rate", get: (entry) => entry.breaker?.slowRate },
  { name: "breaker.consecutive", get: (entry) => entry.breaker?.consecutive },
  { name: "breaker.off", get: (entry) => entry.breaker?.off },
];
/** Returns the merged leaves of the entries for a method, nearest first. */
export function leavesFor(
  entries: readonly IrUpstream[],
  method: DescMethod,
): readonly (Sourced<unknown> & Pick<Leaf, "name" | "unit">)[] {
  const levels = entriesFor(entries, method);
  return LEAVES.flatMap(({ get, ...leaf }) => {
    const value = nearest(levels, get);
    return value === undefined
      ? []
      : [{ ...leaf, value: value.env === undefined ? value.value : amountText(value as Amount), at: value.at }];
  });
}
const PROTOCOLS = ["GRPC", "HTTP_JSON", "CONNECT"] as const;
/** Name of a protocol in the options. */
export type ProtocolName = (typeof PROTOCOLS)[number];
/** Returns the protocol that an entry or a branch declares. */
export function protocolName({ protocol }: Pick<IrUpstream, "protocol">): Sourced<ProtocolName> | undefined {
  const value = PROTOCOLS.find((name) => Protocol[name] === protocol?.value);
  return protocol && value && { value, at: protocol.at };
}
function list(values: readonly Sourced<unknown>[] | undefined): Sourced<string> | undefined {
  const [first] = values ?? [];
  return first && { value: JSON.stringify(values?.map((value) => value.value)), at: first.at };
}

/** Returns all branches as one text. */
function branches(all: readonly IrBranch[]): Sourced<string> | undefined {
  const [first] = all;
  return first && { value: JSON.stringify(all.map(branchSettings)), at: first.at };
}

/** Returns the settings of a branch as they are written. */
export function branchSettings({
  name,
  if: condition,
  share,
  by,
  mirror,
  compare,
  ignore,
  protocol,
}: IrBranch): object {
  const settings = { name, if: condition, share, by, mirror, compare, protocol };
  const declared = Object.entries(settings).map(([key, setting]) => [key, setting?.value] as const);
  const ignored = ignore.length === 0 ? undefined : ignore.map(({ value }) => value);
  return { ...Object.fromEntries(declared), ignore: ignored };
}

/** Reports two values for one leaf at one level, with both places. */
export function checkAgreement(entries: readonly IrUpstream[], report: Report): void {
  const levels = new Map<string, IrUpstream[]>();
  for (const entry of entries) {
    const level = entry.method?.value ?? entry.service?.value ?? "";
    levels.set(level, [...(levels.get(level) ?? []), entry]);
  }
  for (const [level, same] of levels) {
    for (const leaf of LEAVES) {
      const settings = same.map((entry) => leaf.get(entry)).filter((value) => value !== undefined);
      const [first] = settings;
      const other = settings.find((setting) => first !== undefined && textOf(setting, leaf) !== textOf(first, leaf));
      if (first === undefined || other === undefined) continue;
      fault(report, "BFF413", other.at, {
        message: `two values for ${leaf.name} of ${level === "" ? "every upstream" : `"${level}"`}: ${textOf(first, leaf)} and ${textOf(other, leaf)}`,
        related: [{ at: first.at, message: `${textOf(first, leaf)} is set here` }],
        hint: "keep one of them",
      });
    }
  }
}
function textOf({ value, env }: Setting, { unit }: Leaf): string {
  if (env !== undefined) return `env.${env.name}`;
  return typeof value === "string" ? value : `${JSON.stringify(value)}${unit ?? ""}`;
}

// Protocols of upstreams, and the requirement of HTTP calls with JSON: a path of google.api.http.

/** Returns the place that selects the protocol for calls of a method. Undefined: the calls use gRPC. */
export function protocolOf(entries: readonly IrUpstream[], method: DescMethod): Sourced<ProtocolName> | undefined {
  return nearest(entriesAround(entries, method.parent), protocolName);
}

/**
 * Returns the place that selects HTTP with JSON for calls of a method, or for those at a branch. Undefined: the calls
 * use another protocol.
 */
export function httpProtocol(entries: readonly IrUpstream[], method: DescMethod): Sourced<ProtocolName> | undefined {
  const around = entriesAround(entries, method.parent);
  const branches = nearest(around, ({ policy }) => (policy.branches.length > 0 ? policy.branches : undefined)) ?? [];
  const all = [nearest(around, protocolName), ...branches.map(protocolName)];
  return all.find((protocol) => protocol?.value === "HTTP_JSON");
}

/**
 * Returns the policy without `identify` if it applies to every upstream and the call uses HTTP with JSON, because such
 * an upstream may be a third party.
 */
export function policyOf({ policy, service, method }: IrUpstream, http: boolean): IrPolicy {
  const everywhere = service === undefined && method === undefined;
  return http && everywhere && policy.identify !== undefined ? { ...policy, identify: undefined } : policy;
}

/** How a method is called over HTTP; undefined after a diagnostic. */
export function httpRule(
  ir: Ir,
  method: DescMethod,
  at: Origin,
  protocol: Sourced<ProtocolName>,
  report: Report,
): RestRule | undefined {
  const name = fullName(method);
  const binding = ir.bindings.get(method);
  if (binding === undefined)
    return fault(report, "BFF288", at, {
      message: `"${name}" is called over HTTP, but has no path`,
      related: [{ at: protocol.at, message: "its upstream uses HTTP here" }],
      hint: 'add a path to the rpc in its proto, as in `option (google.api.http) = { get: "/v1/books/{id}" };`, or call it over gRPC: leave out `protocol`',
    });
  const faults: Mistake[] = [...binding.faults];
  const rule = binding.rule && boundFields(binding.rule, method, (found) => faults.push(found));
  if (rule !== undefined && faults.length === 0) faults.push(...uncallable(rule, method));
  const [first] = faults;
  if (first === undefined) return rule;
  return fault(report, "BFF289", at, {
    message: `"${name}" has a path that cannot be called: ${first.message}`,
    related: [
      { at: first.at, message: first.hint === undefined ? "here" : `here: ${first.hint}` },
      { at: protocol.at, message: "its upstream uses HTTP here" },
    ],
    hint: "correct the path in its proto, or call it over gRPC: leave out `protocol`",
  });
}

/** The part of a diagnostic that the diagnostic of a call repeats. */
type Mistake = Pick<Diagnostic, "message" | "at" | "hint">;

/** Returns the faults of a rule that a server can serve but no client can call. */
function uncallable(rule: RestRule, method: DescMethod): Mistake[] {
  const { ir } = rule;
  const mistake = (message: string, hint: string): Mistake => ({ message, at: ir.path.at, hint });
  const { segments } = ir.template;
  const open = segments.findIndex(
    (segment, i) => segment.startsWith("*") && !rule.variables.some(({ from, to }) => i >= from && i < to),
  );
  return [
    ...(ir.method === "*"
      ? [mistake("it matches all HTTP methods, and a call has one method", "choose one method, such as `get`")]
      : []),
    ...(ir.method === "HEAD" ? [mistake("an answer to HEAD has no message", "choose `get`")] : []),
    ...(open < 0
      ? []
      : [mistake(`no variable contains its segment "${segments[open]}"`, `name a field: "{name=${segments[open]}}"`)]),
    ...httpBodies(rule, method).map((of) =>
      mistake(`its ${of} is a google.api.HttpBody, and calls send and read only JSON`, "use another message"),
    ),
  ];
}
