// Compares one call on both sides: its method, time limits, forwarded data, caching and failures.
import type { BindReport, CallReport, ErrorRuleReport } from "protoc-gen-bff/compiler";
import { count, growth, time } from "./amounts.ts";
import type { Finding, Level, Said } from "./finding.ts";
import { list, say } from "./finding.ts";

type Told = Omit<Finding, "where">;

export function compareCalls(before: CallReport, after: CallReport): readonly Told[] {
  return [
    ...method(before, after),
    ...timeout(before, after),
    ...attempts(before, after),
    ...forwarded(before, after),
    ...sent(before, after),
    ...caching(before, after),
    ...onError(before.on_error ?? [], after.on_error ?? []),
    ...words(before, after),
  ];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function method(before: CallReport, after: CallReport): readonly Told[] {
  if (before.method === after.method) return [];
  const says = ["calls another rpc"];
  return [{ kind: "upstreams", level: "different", says, before: say`${before.method}`, after: say`${after.method}` }];
}

function timeout({ timeout_ms: from }: CallReport, { timeout_ms: to }: CallReport): readonly Told[] {
  if (from === to) return [];
  const longer = growth(from, to) > 0;
  const says = [
    to === null ? "no longer has a separate timeout" : `waits ${longer ? "longer" : "less time"} for an answer`,
  ];
  return [{ kind: "deadlines", level: longer ? "worse" : "different", says, before: [time(from)], after: [time(to)] }];
}

function attempts(before: CallReport, after: CallReport): readonly Told[] {
  const told = (says: string, from: Said, to: Said, level: Level = "different"): Told => ({
    kind: "policies",
    level,
    says: [says],
    before: from,
    after: to,
  });
  const hedge = ({ hedge: one }: CallReport): Said => [
    one === undefined ? "none" : `${one.max} after ${time(one.delay_ms)}`,
  ];
  const retry = ({ retry: one }: CallReport): Said =>
    one === undefined ? ["never"] : [...list(one.on), ...(one.if === undefined ? [] : say` if ${one.if}`)];
  const limit = ({ limit: one, adaptive_limit: adaptive }: CallReport): Said => {
    const parts = [
      ...(one?.concurrent === undefined ? [] : [`${one.concurrent} at a time`]),
      ...(one?.queued === undefined ? [] : [`${one.queued} waiting`]),
      ...(adaptive === true ? ["adaptive"] : []),
    ];
    return [parts.length === 0 ? "none" : parts.join(", ")];
  };
  const batch = ({ batch: one }: CallReport): Said =>
    one === undefined ? ["one by one"] : say`${one.max} ${one.keys} at a time, by ${one.by}`;
  return [
    ...(before.attempts === after.attempts
      ? []
      : [
          told(
            `is tried ${after.attempts > before.attempts ? "more" : "less"} often at most`,
            [count(before.attempts, "attempt")],
            [count(after.attempts, "attempt")],
          ),
        ]),
    ...(same(before.retry, after.retry) ? [] : [told("is tried again on other errors", retry(before), retry(after))]),
    ...(before.attempts === after.attempts && before.backoff_ms !== after.backoff_ms
      ? [told("waits differently between attempts", [time(before.backoff_ms)], [time(after.backoff_ms)])]
      : []),
    ...(same(before.hedge, after.hedge) ? [] : [told("hedges differently", hedge(before), hedge(after))]),
    ...(same(limit(before), limit(after)) ? [] : [told("has another separate limit", limit(before), limit(after))]),
    ...(same(before.batch, after.batch)
      ? []
      : [
          told(
            "requests its keys differently",
            batch(before),
            batch(after),
            after.batch === undefined ? "worse" : "different",
          ),
        ]),
  ];
}

/** Compares the data about the incoming request and its caller that the upstream receives. */
function forwarded(before: CallReport, after: CallReport): readonly Told[] {
  const told = (level: Level, says: Said, from?: Said, to?: Said): Told => ({
    kind: "forwarded",
    level,
    says,
    ...(from && to && { before: from, after: to }),
  });
  const { method: name } = after;
  const added = after.forward?.filter((header) => !before.forward?.includes(header)) ?? [];
  const lost = before.forward?.filter((header) => !after.forward?.includes(header)) ?? [];
  const [how, hows] = [before.identify ?? "nothing", after.identify ?? "nothing"];
  const less = after.identify === undefined || before.identify === "token";
  return [
    ...(added.length === 0 ? [] : [told("worse", say`${name} now gets the incoming header ${list(added)}`)]),
    ...(lost.length === 0 ? [] : [told("different", say`${name} no longer gets the incoming header ${list(lost)}`)]),
    ...(how === hows
      ? []
      : [told(less ? "different" : "worse", say`${name} gets the caller in another way`, [how], [hows])]),
    ...binds(before.metadata, after.metadata).map(([key, from, to]) =>
      told("different", say`metadata ${key}`, from, to),
    ),
  ];
}

function sent(before: CallReport, after: CallReport): readonly Told[] {
  const set = binds(before.set, after.set).map(
    ([name, from, to]): Told => ({
      kind: "values",
      level: "different",
      says: say`sends another ${name}`,
      before: from,
      after: to,
    }),
  );
  if (before.request === after.request) return set;
  const [from, to] = [before, after].map(({ request }) => (request === undefined ? ["none"] : say`${request}`));
  return [
    ...set,
    {
      kind: "values",
      level: "different",
      says: ["sends another request"],
      ...(from && { before: from }),
      ...(to && { after: to }),
    },
  ];
}

/** Names whose values differ, each with both. */
function binds(
  from: readonly BindReport[] = [],
  to: readonly BindReport[] = [],
): readonly (readonly [name: string, before: Said, after: Said])[] {
  const text = (all: readonly BindReport[], name: string): Said => {
    const own = all
      .filter((bind) => bind.name === name)
      .map(({ by, if: condition }) => (condition === undefined ? by : `${by} if ${condition}`));
    return own.length === 0 ? ["nothing"] : list(own);
  };
  const names = [...new Set([...from, ...to].map(({ name }) => name))];
  return names.flatMap((name) => {
    const [had, has] = [text(from, name), text(to, name)];
    return same(had, has) ? [] : [[name, had, has]];
  });
}

function caching({ cache: from }: CallReport, { cache: to }: CallReport): readonly Told[] {
  const told = (level: Level, says: Said, more: Partial<Told> = {}): Told => ({ kind: "cache", level, says, ...more });
  if (to === undefined) return from === undefined ? [] : [told("different", ["its answers are no longer cached"])];
  const alike = to.per_caller === undefined ? ["for all callers"] : ["for callers alike in ", ...list(to.per_caller)];
  if (from === undefined) return [told("different", [`its answers are now cached for ${time(to.ttl_ms)}, `, ...alike])];
  const lost = from.per_caller?.filter((one) => !to.per_caller?.includes(one)) ?? [];
  const gained = to.per_caller?.filter((one) => !from.per_caller?.includes(one)) ?? [];
  return [
    ...(lost.length === 0
      ? []
      : [told("worse", say`cached answers are now shared by callers who differ in ${list(lost)}`)]),
    ...(gained.length === 0 ? [] : [told("different", say`cached answers are now kept apart by ${list(gained)}`)]),
    ...(from.ttl_ms === to.ttl_ms
      ? []
      : [
          told("different", ["answers are cached for another time"], {
            before: [time(from.ttl_ms)],
            after: [time(to.ttl_ms)],
          }),
        ]),
    ...(from.stale_ms === to.stale_ms
      ? []
      : [
          told("different", ["old answers are used for another time"], {
            before: [time(from.stale_ms ?? 0)],
            after: [time(to.stale_ms ?? 0)],
          }),
        ]),
  ];
}

function onError(from: readonly ErrorRuleReport[], to: readonly ErrorRuleReport[]): readonly Told[] {
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
            says: [`clients now see the ${more.join(" and the ")} of the upstream's error`],
          } as const,
        ]),
    ...(fewer.length === 0
      ? []
      : [
          {
            kind: "exposure",
            level: "better",
            says: [`clients no longer see the ${fewer.join(" and the ")} of the upstream's error`],
          } as const,
        ]),
    {
      kind: "refusals",
      level: "different",
      says: ["handles its failure differently"],
      before: rules(from),
      after: rules(to),
    },
  ];
}
function outcome(then: ErrorRuleReport["then"], fallback: ErrorRuleReport["fallback"]): Said {
  if (then === "ignore") return [" is left out"];
  return then === "fallback" ? say` takes ${fallback ?? ""}` : [" fails"];
}
function rules(all: readonly ErrorRuleReport[]): Said {
  if (all.length === 0) return ["fails with its error"];
  return all.flatMap(
    ({ on = ["any"], if: condition, then, fallback, fail }, i): Said => [
      ...(i === 0 ? [] : ["; "]),
      ...["on ", ...list(on, 4), ...(condition === undefined ? [] : say` if ${condition}`)],
      ...outcome(then, fallback),
      ...(fail?.code === undefined ? [] : say` with ${fail.code}`),
      ...(fail?.message === undefined ? [] : say`: ${fail.message}`),
      ...(fail?.as_is === true ? [" as it is"] : []),
    ],
  );
}

/** Reports new rpcs and options that vouch for the absence of side effects. */
function words(before: CallReport, after: CallReport): readonly Told[] {
  const gained = after.vouched_by?.filter((one) => !before.vouched_by?.includes(one)) ?? [];
  if (gained.length === 0 || before.method !== after.method) return [];
  return [
    { kind: "side-effects", level: "worse", says: say`is treated as free of side effects because of ${list(gained)}` },
  ];
}
