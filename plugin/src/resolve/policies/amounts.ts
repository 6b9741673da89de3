// Numbers of options that variables of the environment have.

import type { Report } from "../../diagnostic/diagnostic.ts";
import type { IrRateLimit } from "../../ir/edge.ts";
import type { IrEnvVar, IrMethod } from "../../ir/ir.ts";
import type { Amount, IrBreaker, IrCache, IrCall, IrPolicy, IrUpstream } from "../../ir/step.ts";
import { isCounted, isWithinBurst } from "../../read/edge/read-limits.ts";
import { amountOf, isOrdered } from "../../read/values/env-value.ts";

/** Returns the number with the bounds of its variable; undefined if the variable cannot have it (BFF228). */
export function bound(amount: Amount | undefined, env: readonly IrEnvVar[]): Amount | undefined {
  if (amount?.env === undefined) return amount;
  const { name, unit } = amount.env;
  const { min, max, initial } = boundsOf(env.find((variable) => variable.name.value === name));
  if (min === undefined || max === undefined) return undefined;
  return { value: max, at: amount.at, env: { name, unit, min, max, initial } };
}
function boundsOf(variable: IrEnvVar | undefined) {
  const item = variable?.shape?.item;
  const [min, max, initial] = [variable?.min, variable?.max, variable?.default].map((text) =>
    text === undefined || item === undefined || !isOrdered(item) ? undefined : Number(amountOf(text.value, item)),
  );
  return { min, max, initial };
}

/** The numbers that variables may have, in the types and ranges of their options. */
const KINDS = {
  ms: { types: ["duration"], least: "1ms", most: "24d" },
  count: { types: ["int", "uint"], least: "1", most: "1000000000000" },
} as const;

/**
 * Reports an option whose variable is unknown or of another type, or lacks the bounds that keep each value in the range
 * of the option. All proofs about the option use these bounds.
 */
function checkAmount(amount: Amount | undefined, option: string, env: readonly IrEnvVar[], report: Report): void {
  if (amount?.env === undefined) return;
  const { at } = amount;
  const { name, unit } = amount.env;
  const { types, least } = KINDS[unit];
  const most = option === "per" ? "366d" : KINDS[unit].most;
  const fault = (message: string, hint: string, place?: { readonly at: Amount["at"]; readonly message: string }) =>
    report({ code: "BFF228", severity: "error", message, at, ...(place && { related: [place] }), hint });
  const variable = env.find((candidate) => candidate.name.value === name);
  const [type] = types;
  if (variable === undefined) {
    const declaration = `env: { name: "${name}" type: "${type}" min: "${least}" max: "${most}" }`;
    fault(
      `"${option}" reads env.${name}, which no file of the package declares`,
      `add \`${declaration}\` to (bff.v1.file)`,
    );
    return;
  }
  if (variable.shape === undefined) return; // reported
  const declared = { at: variable.type.at, message: "the variable" };
  if (!types.some((of) => variable.type.value === of)) {
    fault(
      `"${option}" reads env.${name}, which is of type "${variable.type.value}"`,
      `declare the variable with \`type: "${type}"\``,
      declared,
    );
    return;
  }
  const { item } = variable.shape;
  if (!isOrdered(item)) return;
  for (const [of, limit] of [["min", least] as const, ["max", most] as const]) {
    const text = variable[of];
    const [value, end] = [text && amountOf(text.value, item), amountOf(limit, item)];
    const isOutside = value === undefined || (of === "min" ? value <= 0 : value > end);
    if (!isOutside) continue;
    const what = text === undefined ? `has no \`${of}\`` : `may be ${text.value}`;
    const where = { at: text?.at ?? variable.name.at, message: "the variable" };
    fault(`"${option}" reads env.${name}, which ${what}`, `write \`${of}: "${limit}"\` or a narrower bound`, where);
    return;
  }
}

/** Reports the variables in the options of a call or an entry. */
export function checkAmounts(
  { policy, breaker }: Pick<IrUpstream, "policy"> & Partial<Pick<IrUpstream, "breaker">>,
  env: readonly IrEnvVar[],
  report: Report,
): void {
  for (const [option, amount] of amountsOf(policy, breaker)) checkAmount(amount, option, env, report);
  checkTagged(policy.cache, env, report);
}

/** Reports the variables in the options of an RPC. */
export function checkMethodAmounts({ timeout, cache }: IrMethod, env: readonly IrEnvVar[], report: Report): void {
  checkAmount(timeout, "timeout", env, report);
  checkAmount(cache?.ttl, "cache.ttl", env, report);
  checkAmount(cache?.stale, "cache.stale", env, report);
  checkTagged(cache, env, report);
}

/** Reports the variables of a limit, and values of theirs that cannot be counted or leased. */
export function checkLimitAmounts(limit: IrRateLimit, env: readonly IrEnvVar[], report: Report): void {
  const { rate, burst, per } = limit;
  checkAmount(rate, "rate_env", env, report);
  checkAmount(burst, "burst_env", env, report);
  if (typeof per.value === "number") checkAmount({ ...per, value: per.value }, "per", env, report);
  const resolved = boundLimit(limit, env);
  if (resolved === undefined || resolved === limit || !isCounted(resolved, report)) return;
  if (limit.lease !== undefined) isWithinBurst(limit.lease, resolved.burst ?? resolved.rate, report);
}

const boundLimits = new WeakMap<readonly IrEnvVar[], Map<IrRateLimit, IrRateLimit | undefined>>();
/** Returns the limit with the bounds of its variables, the same for each use; undefined if one cannot have its number. */
export function boundLimit(limit: IrRateLimit, env: readonly IrEnvVar[]): IrRateLimit | undefined {
  const { rate, burst, per } = limit;
  if ([rate, burst, per].every((amount) => amount?.env === undefined)) return limit;
  const known = boundLimits.get(env) ?? new Map<IrRateLimit, IrRateLimit | undefined>();
  boundLimits.set(env, known);
  if (!known.has(limit)) {
    const period = typeof per.value === "string" ? per : bound({ ...per, value: per.value }, env);
    const [most, first] = [bound(rate, env), bound(burst, env)];
    const isWhole = most !== undefined && period !== undefined && (burst === undefined || first !== undefined);
    known.set(limit, isWhole ? { ...limit, rate: most, burst: first, per: period } : undefined);
  }
  return known.get(limit);
}

/** Longest time for which tagged answers may be used: purges are remembered for twice this time. */
const TAGGED_MS = 86_400_000;
function checkTagged(cache: IrCache | undefined, env: readonly IrEnvVar[], report: Report): void {
  if (cache === undefined || cache.tags.length === 0) return;
  for (const [name, time] of [["ttl", cache.ttl] as const, ["stale", cache.stale] as const]) {
    const { env: variable, value } = bound(time, env) ?? {};
    if (time === undefined || variable === undefined || value === undefined || value <= TAGGED_MS) continue;
    const message = `tagged answers may be used for at most 24 h, but "${name}" reads env.${variable.name}, which may be longer`;
    report({ code: "BFF812", severity: "error", message, at: time.at, hint: 'declare the variable with `max: "24h"`' });
  }
}

/** Returns the numbers of a policy and of a breaker that variables may have, by their names in the options. */
export const amountsOf = (policy: IrPolicy, breaker?: IrBreaker) =>
  [
    ["timeout", policy.timeout],
    ["hedge.delay", policy.hedge?.delay],
    ["cache.ttl", policy.cache?.ttl],
    ["cache.stale", policy.cache?.stale],
    ["limit.concurrent_env", policy.limit?.concurrent],
    ["breaker.window", breaker?.window],
    ["breaker.open_for", breaker?.openFor],
  ] as const;

/** Returns an entry whose numbers have the bounds of their variables; the entry itself if it has no variable. */
export function boundEntry(entry: IrUpstream, env: readonly IrEnvVar[]): IrUpstream {
  const { breaker } = entry;
  const policy = withBounds(entry.policy, env);
  const hasVariable = [breaker?.window, breaker?.openFor].some((amount) => amount?.env !== undefined);
  if (policy === entry.policy && !hasVariable) return entry;
  const window = bound(breaker?.window, env);
  return { ...entry, policy, breaker: breaker && { ...breaker, window, openFor: bound(breaker.openFor, env) } };
}
/** Returns the policy of a call with the bounds of its variables, and reports those that cannot have the numbers. */
export function boundPolicy(call: IrCall, env: readonly IrEnvVar[], report: Report): IrPolicy {
  checkAmounts(call, env, report);
  return withBounds(call.policy, env);
}

function withBounds(policy: IrPolicy, env: readonly IrEnvVar[]): IrPolicy {
  const { timeout, hedge, cache, limit } = policy;
  if (!amountsOf(policy).some(([, amount]) => amount?.env !== undefined)) return policy;
  return {
    ...policy,
    timeout: bound(timeout, env),
    hedge: hedge && { ...hedge, delay: bound(hedge.delay, env) },
    cache: cache && { ...cache, ttl: bound(cache.ttl, env), stale: bound(cache.stale, env) },
    limit: limit && { ...limit, concurrent: bound(limit.concurrent, env) },
  };
}
