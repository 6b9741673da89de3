import {
  type Bind,
  type Branch,
  type Cache,
  Code,
  type ErrorRule,
  type Hedge,
  Identify,
  type Limit,
  type Retry,
} from "@protobff/messages/options.js";
import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrCache, IrErrorRule, IrHedge, IrLimit, IrPolicy, IrRetry } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { checkListed, checkMetadataKey } from "../values/names.ts";
import { readTags } from "../values/read-tags.ts";
import {
  child,
  children,
  codeName,
  count,
  countVariable,
  type Declared,
  duration,
  durationOrEnv,
  durationOrEnvOrZero,
  ERROR_CODES,
  expression,
  sourced,
  statusCodes,
  texts,
} from "../values/values.ts";
import { readBinds } from "./read-binds.ts";
import { readBranches } from "./read-branches.ts";
import { readFailure } from "./read-failure.ts";

/** Options that a call and an upstream entry share. */
interface PolicyRule {
  readonly timeout?: string | undefined;
  readonly retry?: Retry | undefined;
  readonly hedge?: Hedge | undefined;
  readonly cache?: Cache | undefined;
  readonly limit?: Limit | undefined;
  readonly metadata: readonly Bind[];
  readonly forward: readonly string[];
  readonly onError: readonly ErrorRule[];
  readonly idempotent?: boolean | undefined;
  readonly readOnly?: boolean | undefined;
  readonly identify?: Identify | undefined;
  /** Branches, of upstream entries only. */
  readonly branch?: readonly Branch[];
}

export function readPolicy({ value, place }: Declared<PolicyRule>, report: Report): IrPolicy {
  const retry = child(value.retry, place, "retry");
  const limit = child(value.limit, place, "limit");
  const hedge = child(value.hedge, place, "hedge");
  const cache = child(value.cache, place, "cache");
  const metadata = readBinds(value.metadata, place, "metadata", "metadata key", report);
  const forward = readForward(value.forward, place, report);
  const onError = children(value.onError, place, "on_error").map((rule) => readErrorRule(rule, report));
  checkRules(onError, report);
  for (const { name } of metadata) {
    const header = forward.find((text) => text.value === name?.value);
    if (name === undefined || header === undefined) continue;
    fault(report, "BFF108", name.at, {
      message: `the metadata key "${name.value}" is set twice`,
      related: [{ at: header.at, message: "the header of the same name is forwarded" }],
      hint: "leave out one of them",
    });
  }
  return {
    timeout: durationOrEnv(value.timeout, place, "timeout", report),
    retry: retry && readRetry(retry, report),
    hedge: hedge && readHedge(hedge, report),
    cache: cache && readCache(cache, report),
    limit: limit && readLimit(limit, report),
    metadata,
    forward,
    onError,
    idempotent: sourced(value.idempotent, place, "idempotent"),
    readOnly: sourced(value.readOnly, place, "read_only"),
    identify: readIdentify(value, place, report),
    branches: readBranches(value.branch ?? [], place, report),
  };
}

function readIdentify({ identify }: PolicyRule, place: Place, report: Report): IrPolicy["identify"] {
  const setting = sourced(identify, place, "identify");
  if (setting?.value !== Identify.IDENTIFY_UNSPECIFIED) return setting;
  return fault(report, "BFF192", setting.at, {
    message: '"IDENTIFY_UNSPECIFIED" does not set whether the upstream receives the identity of the caller',
    hint: "write SIGNED, PLAIN, TOKEN or NOTHING, or leave it out",
  });
}

function readForward(values: readonly string[], place: Place, report: Report): IrPolicy["forward"] {
  const forward = texts(values, place, "forward");
  for (const header of forward) checkMetadataKey(header, report);
  checkListed(forward, "BFF130", report);
  return forward;
}

function readRetry({ value, place }: Declared<Retry>, report: Report): IrRetry {
  const backoff = child(value.backoff, place, "backoff");
  const retry: IrRetry = {
    at: place.at,
    attempts: count(
      value.attempts,
      place,
      "attempts",
      "write 1 to turn off retries: the first call is an attempt, too",
      report,
    ),
    on: statusCodes(value.on, place, "on", report),
    initial: backoff && duration(backoff.value.initial, backoff.place, "initial", report),
    max: backoff && duration(backoff.value.max, backoff.place, "max", report),
    multiplier: backoff && sourced(backoff.value.multiplier, backoff.place, "multiplier"),
    if: expression(value.if, place, "if", report),
  };
  const { initial, max, multiplier } = retry;
  if (multiplier !== undefined && !(multiplier.value >= 1 && Number.isFinite(multiplier.value))) {
    fault(report, "BFF134", multiplier.at, {
      message: `"multiplier" is ${multiplier.value}, and waits must not shrink`,
      hint: "write 1 for equal waits, or a larger number",
    });
  }
  if (initial !== undefined && max !== undefined && max.value < initial.value) {
    fault(report, "BFF134", max.at, {
      message: '"max" is shorter than "initial"',
      related: [{ at: initial.at, message: "the first wait" }],
      hint: "write a `max` that is at least as long as `initial`",
    });
  }
  const { attempts: _attempts, ...rest } = value;
  if (retry.attempts?.value === 1 && !isEmpty(rest)) {
    off(report, retry.attempts.at, "one attempt turns off retries");
  }
  if (isEmpty(value)) empty(report, place, "retry");
  else if (backoff !== undefined && isEmpty(backoff.value)) empty(report, backoff.place, "backoff");
  return retry;
}

function readLimit({ value, place }: Declared<Limit>, report: Report): IrLimit {
  if (isEmpty(value)) empty(report, place, "limit");
  return {
    concurrent:
      countVariable(value.concurrentEnv, place, "concurrent_env", value.concurrent, report) ??
      count(value.concurrent, place, "concurrent", "write the maximum number of calls in flight", report),
    queued: sourced(value.queued, place, "queued"),
    adaptive: sourced(value.adaptive, place, "adaptive"),
    streams: count(value.streams, place, "streams", "write the maximum number of simultaneous streams", report),
  };
}

function readHedge({ value, place }: Declared<Hedge>, report: Report): IrHedge {
  if (isEmpty(value)) empty(report, place, "hedge");
  const max = sourced(value.max, place, "max");
  if (max?.value === 0 && value.delay !== undefined) off(report, max.at, "this hedge is off");
  const atOnce = sourced(value.atOnce, place, "at_once");
  const hasMore = value.delay !== undefined || value.budget !== undefined || (value.max ?? 1) > 1;
  if (atOnce?.value === true && hasMore)
    fault(report, "BFF193", atOnce.at, {
      message: "this hedge has `at_once` and another option",
      hint: "leave out `at_once`; or leave out `delay`, `budget` and `max`, because two attempts leave together",
    });
  const budget = sourced(value.budget, place, "budget");
  return { at: place.at, delay: durationOrEnv(value.delay, place, "delay", report), max, atOnce, budget };
}

function readCache({ value, place }: Declared<Cache>, report: Report): IrCache {
  if (isEmpty(value)) empty(report, place, "cache");
  const ttl = durationOrEnvOrZero(value.ttl, place, "ttl", report);
  const stale = durationOrEnvOrZero(value.stale, place, "stale", report);
  const more = stale ?? value.singleFetch;
  if (ttl?.value === 0 && (more !== undefined || value.tag.length > 0)) off(report, ttl.at, "this cache is off");
  return { at: place.at, ttl, stale, ...readTags(value, place, { ttl, stale }, report) };
}

function readErrorRule({ value, place }: Declared<ErrorRule>, report: Report): IrErrorRule {
  return {
    at: place.at,
    // A rule that names none is for any error.
    on: value.on.length === 1 && value.on[0] === Code.ANY ? [] : statusCodes(value.on, place, "on", report),
    if: expression(value.if, place, "if", report),
    then: readConsequence(value, place, report),
  };
}

function readConsequence({ then }: ErrorRule, place: Place, report: Report): IrErrorRule["then"] {
  switch (then.case) {
    case "ignore": {
      const { at } = place.field("ignore");
      if (then.value) return { kind: "ignore", at };
      return fault(report, "BFF120", at, {
        message: "`ignore: false` has no effect",
        hint: "write `ignore: true`, or leave out the rule",
      });
    }
    case "fallback": {
      const by = expression(then.value, place, "fallback", report);
      return by && { kind: "fallback", by };
    }
    case "fail":
      return { kind: "fail", fail: readFailure({ value: then.value, place: place.field("fail") }, "rule", report) };
    case undefined:
      return fault(report, "BFF120", place.at, {
        message: "this rule sets no effect",
        hint: "add `ignore: true`, `fallback` or `fail`",
      });
  }
}

/** Rules are tried in their order: one whose errors an earlier one takes without a condition is never reached. */
function checkRules(rules: readonly IrErrorRule[], report: Report): void {
  const taken = new Map<Code, IrErrorRule>();
  let all: IrErrorRule | undefined;
  for (const rule of rules) {
    const codes = rule.on.map((code) => code.value);
    const lost = rule.on.filter((code) => taken.has(code.value));
    const earlier = all ?? (codes.length > 0 && lost.length === codes.length ? taken.get(codes[0] ?? 0) : undefined);
    if (earlier !== undefined) {
      caution(report, "BFF146", rule.at, {
        message:
          earlier !== all
            ? "this rule is never used: earlier rules handle its codes"
            : `this rule is never used: ${all.on.length === 0 ? "an earlier rule handles" : "earlier rules handle"} every error`,
        related: [{ at: earlier.at, message: "this rule is tried first" }],
        hint: "move this rule before the earlier one, or leave it out",
      });
      continue;
    }
    for (const code of lost)
      caution(report, "BFF146", code.at, {
        message: `this rule is never used for ${codeName(code.value)}: an earlier rule handles it`,
        related: [{ at: taken.get(code.value)?.at ?? rule.at, message: "this rule is tried first" }],
        hint: "leave out the code, or move this rule before the earlier one",
      });
    // A rule without an effect has been reported, and handles nothing.
    if (rule.if !== undefined || rule.then === undefined) continue;
    if (codes.length === 0) all = rule;
    for (const code of codes) if (!taken.has(code)) taken.set(code, rule);
    if (taken.size === ERROR_CODES.length) all = rule;
  }
}

function off(report: Report, at: Place["at"], what: string): void {
  caution(report, "BFF143", at, {
    message: `${what}: the other options here have no effect`,
    hint: "leave out the other options",
  });
}

function empty(report: Report, place: Place, name: string): void {
  caution(report, "BFF141", place.at, {
    message: `this "${name}" sets no option`,
    hint: "add the options that differ from the defaults, or leave it out",
  });
}

/** Returns true if no field of a rule is set. */
export function isEmpty(value: object): boolean {
  return Object.entries(value).every(
    ([name, field]) => name.startsWith("$") || field === undefined || (Array.isArray(field) && field.length === 0),
  );
}
