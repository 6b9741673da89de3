// Compares an RPC as a whole: its cost, its permitted callers, its limits and its cached responses.

import type { RpcReport } from "protoc-gen-bff/compiler";
import { branchChangesOf } from "./compare-branches.ts";
import { compareCounts, costOf, methodsOf } from "./compare-counts.ts";
import { compareLimits } from "./compare-limits.ts";
import { comparePermits } from "./compare-permits.ts";
import { sealing } from "./compare-reveals.ts";
import { compareRules } from "./compare-rules.ts";
import { compareLive, compareStreams } from "./compare-streams.ts";
import { tagging } from "./compare-tags.ts";
import { otherVariables } from "./compare-variables.ts";
import { type Composition, shortName } from "./composition.ts";
import { compareFieldChoice, comparePublicIds } from "./edge/compare-field-choice.ts";
import { compareHeaders } from "./edge/compare-headers.ts";
import { comparePages } from "./edge/compare-pages.ts";
import { compareTools } from "./edge/compare-tools.ts";
import {
  changesOf,
  count,
  type Finding,
  type FoundChange,
  growth,
  type Level,
  list,
  type Phrase,
  phrase,
  same,
  time,
  without,
} from "./finding.ts";

const api = changesOf("api");
const caches = changesOf("cache");
const policies = changesOf("policies");
const deadlines = changesOf("deadlines");

/** Both sides of one rpc. */
export function compareRpc(
  before: RpcReport,
  after: RpcReport,
  old: Composition,
  now: Composition,
): readonly Finding[] {
  const where = [shortName(after.rpc)];
  return [
    ...upstreamCalls(before, after, old, now),
    ...compareCounts(before, after),
    ...path(before, after),
    ...budget(before, after),
    ...compareFieldChoice(before.fields, after.fields),
    ...comparePages(before.pages, after.pages),
    ...comparePermits(before.permit, after.permit),
    ...comparePublicIds(before.public_ids, after.public_ids),
    ...answers(before, after),
    ...httpAnswers(before, after),
    ...compareLimits(before.limits, after.limits),
    ...compareHeaders(before.headers, after.headers),
    ...surface(before, after),
    ...compareRules(before.validated, after.validated),
    ...later(before, after),
    ...compareStreams(before, after),
    ...compareLive(before, after),
    ...compareTools(before.tool, after.tool),
    ...others(before, after),
  ].map((difference) => ({ ...difference, where }));
}

/** Costs of new rpcs and remains of lost ones, by full names: a rename may change the package alone. */
export function newRpc(report: RpcReport): Finding {
  const { rpc, worst_calls, worst_ms, budget_ms, permit, stream } = report;
  const methods = methodsOf(report);
  const calls = [
    count(worst_calls, "call"),
    ...(stream === undefined ? [] : [`${count(stream.item_worst_calls, "call")} for each item of the stream`]),
  ].join(", and ");
  const callers = permit?.public === true ? "anybody" : "the callers of its permit";
  const who = permit === undefined ? "" : `, for ${callers}`;
  return {
    kind: "api",
    level: "different",
    where: [rpc],
    message: [
      `new rpc${who}: `,
      ...(methods.length === 0 ? ["no upstream calls"] : [`${calls} at worst to `, ...list(methods)]),
      `, ${time(worst_ms)} of ${time(budget_ms)}`,
    ],
  };
}
export function lostRpc({ rpc }: RpcReport): Finding {
  return { kind: "api", level: "worse", where: [rpc], message: ["the RPC is removed"] };
}

function upstreamCalls(
  before: RpcReport,
  after: RpcReport,
  old: Composition,
  now: Composition,
): readonly FoundChange[] {
  const upstreams = changesOf("upstreams");
  const [had, has] = [methodsOf(before), methodsOf(after)];
  const added = without(has, had).map((method) => {
    const { place, critical } = callersOf(method, after, now);
    const fails = critical ? "; without it the response fails" : "; the response does not need it";
    const message = [...phrase`now calls ${method} (at worst ${[costOf(method, after)]}) ${place}`, fails];
    return upstreams.of(critical ? "worse" : "different", message);
  });
  const lost = without(had, has).map((method) =>
    upstreams.of("different", phrase`no longer calls ${method}, as ${callersOf(method, before, old).place}`),
  );
  return [...added, ...lost];
}

/** The steps of an rpc that call a method, or its stream, and whether the response fails with one of them. */
function callersOf(method: string, { rpc, stream }: RpcReport, { blocks, reachedBy }: Composition) {
  const reached = [...blocks.values()].filter(({ name }) => reachedBy.get(name)?.includes(rpc));
  const calling = reached.flatMap(({ steps }) => steps.filter(({ call }) => call?.method === method));
  return {
    place: calling.length > 0 ? phrase`in ${list([...new Set(calling.map(({ step }) => step))])}` : ["in its stream"],
    critical: stream?.call === method || calling.some(({ on_failure }) => on_failure === "response fails"),
  };
}

function path(before: RpcReport, after: RpcReport): readonly FoundChange[] {
  const percent = growth(before.worst_ms, after.worst_ms);
  const [needed, needs] = [whole(before), whole(after)];
  const over = needs > after.for_calls_ms;
  if (percent === 0 && needed > before.for_calls_ms === over) return [];
  const chain = list(
    after.critical_path.map(({ step }) => step),
    6,
  );
  const budget = [`the budget is ${time(after.budget_ms)}, ${time(after.for_calls_ms)} of it for calls`];
  const message: Phrase = over
    ? [...phrase`the slowest chain does not fit: ${chain} may take ${[time(needs)]}; `, ...budget]
    : [...phrase`the slowest chain is ${chain}; `, ...budget];
  const level: Level = percent > 0 || (over && needed <= before.for_calls_ms) ? "worse" : "better";
  const [from, to] = [[time(before.worst_ms)], [time(after.worst_ms)]];
  return [{ ...changesOf("critical-path").of(level, message, from, to), percent }];
}
const whole = ({ critical_path }: RpcReport): number => critical_path.reduce((sum, { ms }) => sum + ms, 0);

function budget({ budget_ms: from }: RpcReport, { budget_ms: to }: RpcReport): readonly FoundChange[] {
  const message = `clients wait ${to > from ? "longer" : "less time"} at most`;
  return deadlines.between("different", message, [time(from)], [time(to)]);
}

/** Answers that the BFF uses again. */
function answers({ cache: from }: RpcReport, { cache: to }: RpcReport): readonly FoundChange[] {
  if (to === undefined) return caches.when(from !== undefined, "different", "answers are no longer used again");
  const by: Phrase = to.depends_on.length === 0 ? ["the request alone"] : ["the request, ", ...list(to.depends_on)];
  if (from === undefined)
    return [caches.of("different", [`answers are now used again for ${time(to.ttl_ms)}, by `, ...by])];
  const lost = without(from.depends_on, to.depends_on);
  const gained = without(to.depends_on, from.depends_on);
  return [
    ...caches.names("worse", lost, (keys) => phrase`answers are now shared by callers who differ in ${keys}`),
    ...caches.names("different", gained, (keys) => phrase`answers are now kept apart by ${keys}`),
    ...kept("answers are used again", from.ttl_ms, to.ttl_ms),
    ...kept("old answers are used while they are renewed", from.stale_ms ?? 0, to.stale_ms ?? 0),
    ...tagging("answers that are used again", from, to),
    ...sealing("answers that are used again", from, to),
  ];
}
const kept = (what: string, from: number, to: number): readonly FoundChange[] =>
  caches.between("different", `${what} for ${to > from ? "longer" : "less time"}`, [time(from)], [time(to)]);

function httpAnswers({ http_cache: from }: RpcReport, { http_cache: to }: RpcReport): readonly FoundChange[] {
  if (to === undefined) return caches.when(from !== undefined, "different", "HTTP caches no longer keep answers");
  if (from === undefined)
    return [
      to.shared
        ? caches.of("worse", "HTTP caches now keep one answer for all")
        : caches.of("different", "clients now keep answers"),
    ];
  const [was, is] = [from.tag === true, to.tag === true];
  const lost = without(from.vary, to.vary);
  return [
    ...caches.when(to.shared && !from.shared, "worse", "HTTP caches now keep one answer for all"),
    ...caches.when(from.shared && !to.shared, "better", "HTTP caches no longer keep one answer for all"),
    ...caches.when(was && !is, "worse", "CDNs no longer receive the tags by which they purge"),
    ...caches.when(is && !was, "different", "CDNs now receive the tags"),
    ...caches.names("worse", lost, (headers) => phrase`HTTP caches no longer separate answers by ${headers}`),
    ...kept("HTTP caches keep answers", from.max_age_ms, to.max_age_ms),
    ...kept("HTTP caches use old answers while they revalidate", from.stale_ms ?? 0, to.stale_ms ?? 0),
  ];
}

/** Compares the places and the version at which clients find the RPC. */
function surface(before: RpcReport, after: RpcReport): readonly FoundChange[] {
  const [from, to] = [before, after].map(({ rest = [] }) =>
    rest.map(({ method, path: template, body, response_body }) =>
      [
        `${method} ${template}`,
        ...(body === undefined ? [] : [`body ${body}`]),
        ...(response_body === undefined ? [] : [`answers ${response_body}`]),
      ].join(", "),
    ),
  );
  const goneHosts = after.hosts === undefined ? [] : without(before.hosts ?? ["every other host"], after.hosts);
  return [
    ...without(from, to).map((route) => api.of("worse", phrase`is no longer at ${route}`)),
    ...goneHosts.map((host) => api.of("worse", phrase`no longer answers on ${host}`)),
    ...without(to, from).map((route) => api.of("different", phrase`is now also at ${route}`)),
    ...version(before.version, after.version),
  ];
}

function version(before: RpcReport["version"], after: RpcReport["version"]): readonly FoundChange[] {
  if (same(before, after)) return [];
  const { deprecated, sunset, successor } = after ?? {};
  const message = [
    ...(deprecated === undefined
      ? ["is no longer marked as deprecated"]
      : phrase`is marked as deprecated since ${deprecated}`),
    ...(sunset === undefined ? [] : phrase`, with removal on ${sunset}`),
    ...(successor === undefined ? [] : phrase`, for ${successor}`),
  ];
  // Clients have planned for the announced date.
  return [api.of(sooner(before?.sunset, sunset) ? "worse" : "different", message)];
}

/** Days as ISO 8601 has them. */
const sooner = (from: string | undefined, to: string | undefined): boolean =>
  from !== undefined && to !== undefined && to < from;

/** Compares the fields that may arrive after the first message, and their delay. */
function later({ parts: before }: RpcReport, { parts: after }: RpcReport): readonly FoundChange[] {
  if (before === undefined || after === undefined) return [];
  const [from, to] = [before.budget_ms, after.budget_ms];
  const message = `clients wait ${to > from ? "longer" : "less time"} at most for later fields`;
  const [lost, added] = [without(before.fields, after.fields), without(after.fields, before.fields)];
  return [
    ...api.names("different", added, (fields) => phrase`may now come later: ${fields}`),
    ...api.names("different", lost, (fields) => phrase`comes with the first message now: ${fields}`),
    ...deadlines.between("different", message, [time(from)], [time(to)]),
  ];
}

/** Reports changes of parts without details. */
function others(before: RpcReport, after: RpcReport): readonly FoundChange[] {
  const functions = without(after.functions, before.functions);
  const balance = !same(before.balance, after.balance);
  const http = !same(before.http, after.http);
  const [from, to] = [before, after].map(({ priority = "normal" }) => [priority]);
  const { fair_share: had } = before;
  const { fair_share: has } = after;
  return [
    ...changesOf("values").names("different", functions, (names) => phrase`now calls your functions: ${names}`),
    ...branchChangesOf(before, after),
    ...otherVariables("policies", ["reads other variables"], before.variables, after.variables),
    ...policies.when(balance, "different", "the balancing of calls over addresses has changed"),
    ...policies.when(http, "different", "the HTTP paths of calls to upstreams have changed"),
    ...policies.between("different", "its priority under overload has changed", from ?? [], to ?? []),
    ...policies.changed("different", "the fair shares of its callers have changed", had, has, shares),
    ...telemetry(before, after),
    ...usage(before.usage, after.usage),
  ];
}

/** Losing events is worse: their consumers no longer see the requests. */
function usage(before: RpcReport["usage"], after: RpcReport["usage"]): readonly FoundChange[] {
  const lost = before !== undefined && after === undefined;
  const message = lost ? "it no longer has usage events" : "its usage events have changed";
  return policies.changed(lost ? "worse" : "different", message, before, after, events);
}
function events(usage: RpcReport["usage"]): Phrase {
  if (usage === undefined) return ["none"];
  const { subject = "BFF_USAGE_FILE", fields = [] } = usage;
  return list([subject, ...fields.map(({ name, by }) => `${name} ${by}`)], 6);
}

function shares(share: RpcReport["fair_share"]): Phrase {
  if (share === undefined) return ["none"];
  const weight = share.weight === undefined ? "" : `, with weight ${share.weight}`;
  return [`by ${share.key}${weight}, at most ${share.queue} at once`];
}

function telemetry(before: RpcReport, after: RpcReport): readonly FoundChange[] {
  const { meters: lost = [], ...old } = before.telemetry ?? {};
  const { meters: added = [], ...now } = after.telemetry ?? {};
  return [
    ...policies.when(!same(old, now), "different", "its telemetry has changed"),
    ...policies.changed("different", "its meters have changed", lost, added, meters),
  ];
}

function meters(all: NonNullable<NonNullable<RpcReport["telemetry"]>["meters"]>): Phrase {
  if (all.length === 0) return ["none"];
  const texts = all.map(({ name, by, labels = [] }) => {
    const labelled = labels.map((label) => `, ${label.name} ${label.by}`);
    return `${name}: ${by}${labelled.join("")}`;
  });
  return list(texts, 3);
}
