// Compares one call on both sides: its method, time limits, forwarded data, caching and failures.
import type { BindReport, CallReport, ErrorRuleReport } from "protoc-gen-bff/compiler";
import { sealing } from "./compare-reveals.ts";
import { tagging } from "./compare-tags.ts";
import {
  changesOf,
  code,
  count,
  type FoundChange,
  growth,
  list,
  type Phrase,
  phrase,
  same,
  time,
  without,
} from "./finding.ts";
import { otherMembers } from "./other-members.ts";

const policies = changesOf("policies");
const forwardedData = changesOf("forwarded");
const caches = changesOf("cache");
const exposure = changesOf("exposure");

export function compareCalls(before: CallReport, after: CallReport): readonly FoundChange[] {
  return [
    ...method(before, after),
    ...timeout(before, after),
    ...attempts(before, after),
    ...forwarded(before, after),
    ...sent(before, after),
    ...caching(before, after),
    ...onError(before.on_error ?? [], after.on_error ?? []),
    ...words(before, after),
    ...otherMembers(before, after, COMPARED),
  ];
}
const COMPARED = `
  method timeout_ms attempts backoff_ms retry hedge batch.keys batch.max batch.by shard vouched_by cache.ttl_ms
  cache.stale_ms cache.tags cache.purged cache.single_fetch cache.sensitive cache.per_caller limit.concurrent
  limit.queued adaptive_limit request set metadata forward identify on_error
`
  .trim()
  .split(/\s+/);

function method(before: CallReport, after: CallReport): readonly FoundChange[] {
  return changesOf("upstreams").between("different", "calls another rpc", code(before.method), code(after.method));
}

function timeout({ timeout_ms: from }: CallReport, { timeout_ms: to }: CallReport): readonly FoundChange[] {
  const longer = growth(from, to) > 0;
  const message =
    to === null ? "no longer has a separate timeout" : `waits ${longer ? "longer" : "less time"} for an answer`;
  return changesOf("deadlines").between(longer ? "worse" : "different", message, [time(from)], [time(to)]);
}

function hedging({ hedge: before }: CallReport, { hedge: after }: CallReport): readonly FoundChange[] {
  if (same(before, after)) return [];
  const percent = Math.round(100 * ((1 + hedgesPerCall(after)) / (1 + hedgesPerCall(before)) - 1));
  const [message, from, to] = ["hedges differently", [hedgeText(before)], [hedgeText(after)]];
  if (percent <= 0) return [policies.of("different", message, from, to)];
  return [{ ...changesOf("calls").of("worse", message, from, to), percent }];
}
/** A report of an earlier version has no `budget`. */
function hedgeText(hedge: CallReport["hedge"]): string {
  if (hedge === undefined) return "none";
  const { delay_ms: delay, max, budget } = hedge;
  if (delay === 0) return "2 attempts always";
  return `${max} after ${time(delay)}${budget === undefined ? "" : `, ${budget} per call`}`;
}
/** On average. A report of an earlier version has no budget: each call was hedged. */
const hedgesPerCall = (hedge: CallReport["hedge"]): number =>
  hedge === undefined ? 0 : (hedge.budget ?? (hedge.delay_ms === 0 ? 1 : hedge.max));

function attempts(before: CallReport, after: CallReport): readonly FoundChange[] {
  const often = `is tried ${after.attempts > before.attempts ? "more" : "less"} often at most`;
  return [
    ...policies.changed("different", often, before.attempts, after.attempts, (n) => [count(n, "attempt")]),
    ...policies.changed("different", "is tried again on other errors", before.retry, after.retry, retry),
    ...(before.attempts === after.attempts
      ? policies.changed(
          "different",
          "waits differently between attempts",
          before.backoff_ms,
          after.backoff_ms,
          backoff,
        )
      : []),
    ...hedging(before, after),
    ...policies.between("different", "has another separate limit", limit(before), limit(after)),
    ...policies.between(
      after.batch === undefined ? "worse" : "different",
      "requests its keys differently",
      batch(before),
      batch(after),
    ),
    ...policies.changed("different", "goes to a shard by another key", before.shard, after.shard, shard),
  ];
}
const backoff = (ms: number): Phrase => [time(ms)];
function retry(report: CallReport["retry"]): Phrase {
  if (report === undefined) return ["never"];
  return [...list(report.on), ...(report.if === undefined ? [] : phrase` if ${report.if}`)];
}
function limit({ limit: report, adaptive_limit: adaptive }: CallReport): Phrase {
  const parts = [
    ...(report?.concurrent === undefined ? [] : [`${report.concurrent} at a time`]),
    ...(report?.queued === undefined ? [] : [`${report.queued} waiting`]),
    ...(adaptive === true ? ["adaptive"] : []),
  ];
  return [parts.length === 0 ? "none" : parts.join(", ")];
}
const batch = ({ batch: report }: CallReport): Phrase =>
  report === undefined ? ["one by one"] : phrase`${report.max} ${report.keys} at a time, by ${report.by}`;
function shard(report: CallReport["shard"]): Phrase {
  if (report === undefined) return ["none"];
  return "name" in report ? phrase`the name ${report.name}` : phrase`${report.by}`;
}

/** Compares the data about the incoming request and its caller that the upstream receives. */
function forwarded(before: CallReport, after: CallReport): readonly FoundChange[] {
  const { method: name } = after;
  const added = without(after.forward, before.forward);
  const lost = without(before.forward, after.forward);
  const [how, hows] = [before, after].map(({ identify = "nothing" }) => [identify]);
  const less = after.identify === undefined || before.identify === "token";
  const another = phrase`${name} gets the caller in another way`;
  return [
    ...forwardedData.names("worse", added, (headers) => phrase`${name} now gets the incoming header ${headers}`),
    ...forwardedData.names(
      "different",
      lost,
      (headers) => phrase`${name} no longer gets the incoming header ${headers}`,
    ),
    ...forwardedData.between(less ? "different" : "worse", another, how ?? [], hows ?? []),
    ...binds(before.metadata, after.metadata).map(([key, from, to]) =>
      forwardedData.of("different", phrase`metadata ${key}`, from, to),
    ),
  ];
}

function sent(before: CallReport, after: CallReport): readonly FoundChange[] {
  const values = changesOf("values");
  return [
    ...binds(before.set, after.set).map(([name, from, to]) =>
      values.of("different", phrase`sends another ${name}`, from, to),
    ),
    ...values.between("different", "sends another request", code(before.request), code(after.request)),
  ];
}

/** Names whose values differ, each with both. */
function binds(
  from: readonly BindReport[] = [],
  to: readonly BindReport[] = [],
): readonly (readonly [name: string, before: Phrase, after: Phrase])[] {
  const text = (all: readonly BindReport[], name: string): Phrase => {
    const values = all
      .filter((bind) => bind.name === name)
      .map(({ by, if: condition }) => (condition === undefined ? by : `${by} if ${condition}`));
    return values.length === 0 ? ["nothing"] : list(values);
  };
  const names = [...new Set([...from, ...to].map(({ name }) => name))];
  return names.flatMap((name) => {
    const [had, has] = [text(from, name), text(to, name)];
    return same(had, has) ? [] : [[name, had, has]];
  });
}

function caching({ cache: from }: CallReport, { cache: to }: CallReport): readonly FoundChange[] {
  if (to === undefined) return caches.when(from !== undefined, "different", "its answers are no longer cached");
  const alike = to.per_caller === undefined ? ["for all callers"] : ["for callers alike in ", ...list(to.per_caller)];
  if (from === undefined)
    return [caches.of("different", [`its answers are now cached for ${time(to.ttl_ms)}, `, ...alike])];
  const lost = without(from.per_caller, to.per_caller);
  const gained = without(to.per_caller, from.per_caller);
  const [old, now] = [from, to].map(({ stale_ms: ms = 0 }) => [time(ms)]);
  return [
    ...caches.names("worse", lost, (keys) => phrase`cached answers are now shared by callers who differ in ${keys}`),
    ...caches.names("different", gained, (keys) => phrase`cached answers are now kept apart by ${keys}`),
    ...caches.between("different", "answers are cached for another time", [time(from.ttl_ms)], [time(to.ttl_ms)]),
    ...caches.between("different", "old answers are used for another time", old ?? [], now ?? []),
    ...tagging("cached answers", from, to),
    ...sealing("cached answers", from, to),
  ];
}

function onError(from: readonly ErrorRuleReport[], to: readonly ErrorRuleReport[]): readonly FoundChange[] {
  if (same(from, to)) return [];
  const shown = (rules: readonly ErrorRuleReport[]) => new Set(rules.flatMap(({ fail }) => fail?.shows ?? []));
  const more = [...shown(to).difference(shown(from))];
  const fewer = [...shown(from).difference(shown(to))];
  const parts = (all: readonly string[]): string => `the ${all.join(" and the ")} of the upstream's error`;
  return [
    ...exposure.when(more.length > 0, "worse", `clients now see ${parts(more)}`),
    ...exposure.when(fewer.length > 0, "better", `clients no longer see ${parts(fewer)}`),
    changesOf("refusals").of("different", "handles its failure differently", rules(from), rules(to)),
  ];
}
function outcome(then: ErrorRuleReport["then"], fallback: ErrorRuleReport["fallback"]): Phrase {
  if (then === "ignore") return [" is left out"];
  return then === "fallback" ? phrase` takes ${fallback ?? ""}` : [" fails"];
}
function rules(all: readonly ErrorRuleReport[]): Phrase {
  if (all.length === 0) return ["fails with its error"];
  return all.flatMap(
    ({ on = ["any"], if: condition, then, fallback, fail }, i): Phrase => [
      ...(i === 0 ? [] : ["; "]),
      ...["on ", ...list(on, 4), ...(condition === undefined ? [] : phrase` if ${condition}`)],
      ...outcome(then, fallback),
      ...(fail?.code === undefined ? [] : phrase` with ${fail.code}`),
      ...(fail?.message === undefined ? [] : phrase`: ${fail.message}`),
      ...(fail?.as_is === true ? [" as it is"] : []),
    ],
  );
}

/** Reports new rpcs and options that vouch for the absence of side effects. */
function words(before: CallReport, after: CallReport): readonly FoundChange[] {
  const gained = before.method === after.method ? without(after.vouched_by, before.vouched_by) : [];
  return changesOf("side-effects").names(
    "worse",
    gained,
    (vouchers) => phrase`is treated as free of side effects because of ${vouchers}`,
  );
}
