// Compares one call on both sides: its method, time limits, forwarded data, caching and failures.
import type { BindReport, CallReport, ErrorRuleReport } from "protoc-gen-bff/compiler";
import { count, growth, time } from "./amounts.ts";
import { sealing } from "./compare-reveals.ts";
import { tagging } from "./compare-tags.ts";
import type { Finding, Level, Phrase } from "./finding.ts";
import { list, phrase } from "./finding.ts";
import { otherMembers } from "./other-members.ts";

type Difference = Omit<Finding, "where">;

export function compareCalls(before: CallReport, after: CallReport): readonly Difference[] {
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
  cache.stale_ms cache.tags cache.purged cache.sensitive cache.per_caller limit.concurrent limit.queued
  adaptive_limit request set metadata forward identify on_error
`
  .trim()
  .split(/\s+/);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function method(before: CallReport, after: CallReport): readonly Difference[] {
  if (before.method === after.method) return [];
  const message = ["calls another rpc"];
  return [
    {
      kind: "upstreams",
      level: "different",
      message,
      before: phrase`${before.method}`,
      after: phrase`${after.method}`,
    },
  ];
}

function timeout({ timeout_ms: from }: CallReport, { timeout_ms: to }: CallReport): readonly Difference[] {
  if (from === to) return [];
  const longer = growth(from, to) > 0;
  const message = [
    to === null ? "no longer has a separate timeout" : `waits ${longer ? "longer" : "less time"} for an answer`,
  ];
  return [
    { kind: "deadlines", level: longer ? "worse" : "different", message, before: [time(from)], after: [time(to)] },
  ];
}

function hedging({ hedge: before }: CallReport, { hedge: after }: CallReport): readonly Difference[] {
  if (same(before, after)) return [];
  const percent = Math.round(100 * ((1 + hedgesPerCall(after)) / (1 + hedgesPerCall(before)) - 1));
  return [
    {
      ...(percent > 0 ? { kind: "calls", level: "worse", percent } : { kind: "policies", level: "different" }),
      message: ["hedges differently"],
      before: [hedgeText(before)],
      after: [hedgeText(after)],
    },
  ];
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

function attempts(before: CallReport, after: CallReport): readonly Difference[] {
  const difference = (message: string, from: Phrase, to: Phrase, level: Level = "different"): Difference => ({
    kind: "policies",
    level,
    message: [message],
    before: from,
    after: to,
  });
  const retry = ({ retry: report }: CallReport): Phrase =>
    report === undefined
      ? ["never"]
      : [...list(report.on), ...(report.if === undefined ? [] : phrase` if ${report.if}`)];
  const limit = ({ limit: report, adaptive_limit: adaptive }: CallReport): Phrase => {
    const parts = [
      ...(report?.concurrent === undefined ? [] : [`${report.concurrent} at a time`]),
      ...(report?.queued === undefined ? [] : [`${report.queued} waiting`]),
      ...(adaptive === true ? ["adaptive"] : []),
    ];
    return [parts.length === 0 ? "none" : parts.join(", ")];
  };
  const batch = ({ batch: report }: CallReport): Phrase =>
    report === undefined ? ["one by one"] : phrase`${report.max} ${report.keys} at a time, by ${report.by}`;
  return [
    ...(before.attempts === after.attempts
      ? []
      : [
          difference(
            `is tried ${after.attempts > before.attempts ? "more" : "less"} often at most`,
            [count(before.attempts, "attempt")],
            [count(after.attempts, "attempt")],
          ),
        ]),
    ...(same(before.retry, after.retry)
      ? []
      : [difference("is tried again on other errors", retry(before), retry(after))]),
    ...(before.attempts === after.attempts && before.backoff_ms !== after.backoff_ms
      ? [difference("waits differently between attempts", [time(before.backoff_ms)], [time(after.backoff_ms)])]
      : []),
    ...hedging(before, after),
    ...(same(limit(before), limit(after))
      ? []
      : [difference("has another separate limit", limit(before), limit(after))]),
    ...(same(batch(before), batch(after))
      ? []
      : [
          difference(
            "requests its keys differently",
            batch(before),
            batch(after),
            after.batch === undefined ? "worse" : "different",
          ),
        ]),
    ...(same(before.shard, after.shard)
      ? []
      : [difference("goes to a shard by another key", shard(before), shard(after))]),
  ];
}

function shard({ shard: report }: CallReport): Phrase {
  if (report === undefined) return ["none"];
  return "name" in report ? phrase`the name ${report.name}` : phrase`${report.by}`;
}

/** Compares the data about the incoming request and its caller that the upstream receives. */
function forwarded(before: CallReport, after: CallReport): readonly Difference[] {
  const difference = (level: Level, message: Phrase, from?: Phrase, to?: Phrase): Difference => ({
    kind: "forwarded",
    level,
    message,
    ...(from && to && { before: from, after: to }),
  });
  const { method: name } = after;
  const added = after.forward?.filter((header) => !before.forward?.includes(header)) ?? [];
  const lost = before.forward?.filter((header) => !after.forward?.includes(header)) ?? [];
  const [how, hows] = [before.identify ?? "nothing", after.identify ?? "nothing"];
  const less = after.identify === undefined || before.identify === "token";
  return [
    ...(added.length === 0 ? [] : [difference("worse", phrase`${name} now gets the incoming header ${list(added)}`)]),
    ...(lost.length === 0
      ? []
      : [difference("different", phrase`${name} no longer gets the incoming header ${list(lost)}`)]),
    ...(how === hows
      ? []
      : [difference(less ? "different" : "worse", phrase`${name} gets the caller in another way`, [how], [hows])]),
    ...binds(before.metadata, after.metadata).map(([key, from, to]) =>
      difference("different", phrase`metadata ${key}`, from, to),
    ),
  ];
}

function sent(before: CallReport, after: CallReport): readonly Difference[] {
  const set = binds(before.set, after.set).map(
    ([name, from, to]): Difference => ({
      kind: "values",
      level: "different",
      message: phrase`sends another ${name}`,
      before: from,
      after: to,
    }),
  );
  if (before.request === after.request) return set;
  const [from, to] = [before, after].map(({ request }) => (request === undefined ? ["none"] : phrase`${request}`));
  return [
    ...set,
    {
      kind: "values",
      level: "different",
      message: ["sends another request"],
      ...(from && { before: from }),
      ...(to && { after: to }),
    },
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

function caching({ cache: from }: CallReport, { cache: to }: CallReport): readonly Difference[] {
  const difference = (level: Level, message: Phrase, more: Partial<Difference> = {}): Difference => ({
    kind: "cache",
    level,
    message,
    ...more,
  });
  if (to === undefined)
    return from === undefined ? [] : [difference("different", ["its answers are no longer cached"])];
  const alike = to.per_caller === undefined ? ["for all callers"] : ["for callers alike in ", ...list(to.per_caller)];
  if (from === undefined)
    return [difference("different", [`its answers are now cached for ${time(to.ttl_ms)}, `, ...alike])];
  const lost = from.per_caller?.filter((key) => !to.per_caller?.includes(key)) ?? [];
  const gained = to.per_caller?.filter((key) => !from.per_caller?.includes(key)) ?? [];
  return [
    ...(lost.length === 0
      ? []
      : [difference("worse", phrase`cached answers are now shared by callers who differ in ${list(lost)}`)]),
    ...(gained.length === 0
      ? []
      : [difference("different", phrase`cached answers are now kept apart by ${list(gained)}`)]),
    ...(from.ttl_ms === to.ttl_ms
      ? []
      : [
          difference("different", ["answers are cached for another time"], {
            before: [time(from.ttl_ms)],
            after: [time(to.ttl_ms)],
          }),
        ]),
    ...(from.stale_ms === to.stale_ms
      ? []
      : [
          difference("different", ["old answers are used for another time"], {
            before: [time(from.stale_ms ?? 0)],
            after: [time(to.stale_ms ?? 0)],
          }),
        ]),
    ...tagging("cached answers", from, to),
    ...sealing("cached answers", from, to),
  ];
}

function onError(from: readonly ErrorRuleReport[], to: readonly ErrorRuleReport[]): readonly Difference[] {
  if (same(from, to)) return [];
  const shown = (rules: readonly ErrorRuleReport[]) => new Set(rules.flatMap(({ fail }) => fail?.shows ?? []));
  const more = [...shown(to).difference(shown(from))];
  const fewer = [...shown(from).difference(shown(to))];
  return [
    ...(more.length === 0
      ? []
      : [
          {
            kind: "exposure",
            level: "worse",
            message: [`clients now see the ${more.join(" and the ")} of the upstream's error`],
          } as const,
        ]),
    ...(fewer.length === 0
      ? []
      : [
          {
            kind: "exposure",
            level: "better",
            message: [`clients no longer see the ${fewer.join(" and the ")} of the upstream's error`],
          } as const,
        ]),
    {
      kind: "refusals",
      level: "different",
      message: ["handles its failure differently"],
      before: rules(from),
      after: rules(to),
    },
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
function words(before: CallReport, after: CallReport): readonly Difference[] {
  const gained = after.vouched_by?.filter((voucher) => !before.vouched_by?.includes(voucher)) ?? [];
  if (gained.length === 0 || before.method !== after.method) return [];
  return [
    {
      kind: "side-effects",
      level: "worse",
      message: phrase`is treated as free of side effects because of ${list(gained)}`,
    },
  ];
}
