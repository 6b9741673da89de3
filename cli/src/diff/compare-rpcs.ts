// Compares an RPC as a whole: its cost, its permitted callers, its limits and its cached responses.

import type { RpcReport } from "protoc-gen-bff/compiler";
import { count, growth, time } from "./amounts.ts";
import { branchDifferences } from "./compare-branches.ts";
import { compareCounts, costOf, methodsOf } from "./compare-counts.ts";
import { compareLimits } from "./compare-limits.ts";
import { comparePermits } from "./compare-permits.ts";
import { sealing } from "./compare-reveals.ts";
import { compareRules } from "./compare-rules.ts";
import { compareStreams } from "./compare-streams.ts";
import { tagging } from "./compare-tags.ts";
import { type Composition, shortName } from "./composition.ts";
import { compareFieldChoice, comparePublicIds } from "./edge/compare-field-choice.ts";
import { compareHeaders } from "./edge/compare-headers.ts";
import { comparePages } from "./edge/compare-pages.ts";
import { compareTools } from "./edge/compare-tools.ts";
import type { Finding, Level, Phrase } from "./finding.ts";
import { list, phrase } from "./finding.ts";
import { otherVariables } from "./other-variables.ts";

type Of = (difference: Omit<Finding, "where">) => Finding;

/** Both sides of one rpc. */
export function compareRpc(
  before: RpcReport,
  after: RpcReport,
  old: Composition,
  now: Composition,
): readonly Finding[] {
  const of: Of = (difference) => ({ ...difference, where: [shortName(after.rpc)] });
  return [
    ...upstreamCalls(before, after, old, now).map(of),
    ...compareCounts(before, after).map(of),
    ...path(before, after).map(of),
    ...budget(before, after).map(of),
    ...compareFieldChoice(before.fields, after.fields).map(of),
    ...comparePages(before.pages, after.pages).map(of),
    ...comparePermits(before.permit, after.permit).map(of),
    ...comparePublicIds(before.public_ids, after.public_ids).map(of),
    ...answers(before, after).map(of),
    ...httpAnswers(before, after).map(of),
    ...compareLimits(before.limits, after.limits).map(of),
    ...compareHeaders(before.headers, after.headers).map(of),
    ...api(before, after).map(of),
    ...compareRules(before.validated, after.validated).map(of),
    ...later(before, after).map(of),
    ...compareStreams(before, after).map(of),
    ...compareTools(before.tool, after.tool).map(of),
    ...others(before, after).map(of),
  ];
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

type Difference = Omit<Finding, "where">;

function upstreamCalls(before: RpcReport, after: RpcReport, old: Composition, now: Composition): readonly Difference[] {
  const [had, has] = [methodsOf(before), methodsOf(after)];
  const added = has
    .filter((method) => !had.includes(method))
    .map((method): Difference => {
      const { place, critical } = callersOf(method, after, now);
      const cost = costOf(method, after);
      const fails = critical ? "; without it the response fails" : "; the response does not need it";
      return {
        kind: "upstreams",
        level: critical ? "worse" : "different",
        message: [...phrase`now calls ${method} (at worst ${[cost]}) ${place}`, fails],
      };
    });
  const lost = had
    .filter((method) => !has.includes(method))
    .map(
      (method): Difference => ({
        kind: "upstreams",
        level: "different",
        message: phrase`no longer calls ${method}, as ${callersOf(method, before, old).place}`,
      }),
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

function path(before: RpcReport, after: RpcReport): readonly Difference[] {
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
  return [
    {
      kind: "critical-path",
      level,
      percent,
      message,
      before: [time(before.worst_ms)],
      after: [time(after.worst_ms)],
    },
  ];
}
const whole = ({ critical_path }: RpcReport): number => critical_path.reduce((sum, { ms }) => sum + ms, 0);

function budget(before: RpcReport, after: RpcReport): readonly Difference[] {
  const [from, to] = [before.budget_ms, after.budget_ms];
  if (from === to) return [];
  const message = [`clients wait ${to > from ? "longer" : "less time"} at most`];
  return [{ kind: "deadlines", level: "different", message, before: [time(from)], after: [time(to)] }];
}

/** Answers that the BFF uses again. */
function answers({ cache: from }: RpcReport, { cache: to }: RpcReport): readonly Difference[] {
  if (to === undefined)
    return from === undefined
      ? []
      : [{ kind: "cache", level: "different", message: ["answers are no longer used again"] }];
  const by: Phrase = to.depends_on.length === 0 ? ["the request alone"] : ["the request, ", ...list(to.depends_on)];
  if (from === undefined) {
    const message: Phrase = [`answers are now used again for ${time(to.ttl_ms)}, by `, ...by];
    return [{ kind: "cache", level: "different", message }];
  }
  const lost = from.depends_on.filter((key) => !to.depends_on.includes(key));
  const gained = to.depends_on.filter((key) => !from.depends_on.includes(key));
  return [
    ...(lost.length === 0
      ? []
      : [
          {
            kind: "cache",
            level: "worse",
            message: phrase`answers are now shared by callers who differ in ${list(lost)}`,
          } as const,
        ]),
    ...(gained.length === 0
      ? []
      : [
          {
            kind: "cache",
            level: "different",
            message: phrase`answers are now kept apart by ${list(gained)}`,
          } as const,
        ]),
    ...kept("answers are used again", from.ttl_ms, to.ttl_ms),
    ...kept("old answers are used while they are renewed", from.stale_ms ?? 0, to.stale_ms ?? 0),
    ...tagging("answers that are used again", from, to),
    ...sealing("answers that are used again", from, to),
  ];
}
function kept(what: string, from: number, to: number): readonly Difference[] {
  if (from === to) return [];
  const message = [`${what} for ${to > from ? "longer" : "less time"}`];
  return [{ kind: "cache", level: "different", message, before: [time(from)], after: [time(to)] }];
}

function httpAnswers({ http_cache: from }: RpcReport, { http_cache: to }: RpcReport): readonly Difference[] {
  if (to === undefined || from === undefined) {
    if (to === from) return [];
    const kept = to?.shared === true ? "HTTP caches now keep one answer for all" : "clients now keep answers";
    const message = to === undefined ? "HTTP caches no longer keep answers" : kept;
    return [{ kind: "cache", level: to?.shared === true ? "worse" : "different", message: [message] }];
  }
  const lost = from.vary.filter((header) => !to.vary.includes(header));
  return [
    ...(to.shared && !from.shared
      ? [{ kind: "cache", level: "worse", message: ["HTTP caches now keep one answer for all"] } as const]
      : []),
    ...(from.shared && !to.shared
      ? [{ kind: "cache", level: "better", message: ["HTTP caches no longer keep one answer for all"] } as const]
      : []),
    ...(from.tag === true && to.tag !== true
      ? [{ kind: "cache", level: "worse", message: ["CDNs no longer receive the tags by which they purge"] } as const]
      : []),
    ...(to.tag === true && from.tag !== true
      ? [{ kind: "cache", level: "different", message: ["CDNs now receive the tags"] } as const]
      : []),
    ...(lost.length === 0
      ? []
      : [
          {
            kind: "cache",
            level: "worse",
            message: phrase`HTTP caches no longer separate answers by ${list(lost)}`,
          } as const,
        ]),
    ...kept("HTTP caches keep answers", from.max_age_ms, to.max_age_ms),
    ...kept("HTTP caches use old answers while they revalidate", from.stale_ms ?? 0, to.stale_ms ?? 0),
  ];
}

function api(before: RpcReport, after: RpcReport): readonly Difference[] {
  const paths = ({ rest = [] }: RpcReport) =>
    rest.map(({ method, path: template, body, response_body }) =>
      [
        `${method} ${template}`,
        ...(body === undefined ? [] : [`body ${body}`]),
        ...(response_body === undefined ? [] : [`answers ${response_body}`]),
      ].join(", "),
    );
  const [from, to] = [paths(before), paths(after)];
  const goneHosts =
    after.hosts && (before.hosts ?? ["every other host"]).filter((host) => !after.hosts?.includes(host));
  const gone = from.filter((route) => !to.includes(route));
  const added = to.filter((route) => !from.includes(route));
  const version = JSON.stringify(before.version) === JSON.stringify(after.version) ? [] : [after.version ?? {}];
  return [
    ...gone.map((route): Difference => ({ kind: "api", level: "worse", message: phrase`is no longer at ${route}` })),
    ...(goneHosts ?? []).map(
      (host): Difference => ({ kind: "api", level: "worse", message: phrase`no longer answers on ${host}` }),
    ),
    ...added.map(
      (route): Difference => ({ kind: "api", level: "different", message: phrase`is now also at ${route}` }),
    ),
    ...version.map(
      ({ deprecated, sunset, successor }): Difference => ({
        // Clients have planned for the announced date.
        kind: "api",
        level: sooner(before.version?.sunset, sunset) ? "worse" : "different",
        message: [
          ...(deprecated === undefined
            ? ["is no longer marked as deprecated"]
            : phrase`is marked as deprecated since ${deprecated}`),
          ...(sunset === undefined ? [] : phrase`, with removal on ${sunset}`),
          ...(successor === undefined ? [] : phrase`, for ${successor}`),
        ],
      }),
    ),
  ];
}

/** Days as ISO 8601 has them. */
const sooner = (from: string | undefined, to: string | undefined): boolean =>
  from !== undefined && to !== undefined && to < from;

/** Compares the fields that may arrive after the first message, and their delay. */
function later({ parts: before }: RpcReport, { parts: after }: RpcReport): readonly Difference[] {
  if (before === undefined || after === undefined) return [];
  const added = after.fields.filter((field) => !before.fields.includes(field));
  const lost = before.fields.filter((field) => !after.fields.includes(field));
  const base = { kind: "api", level: "different" } as const;
  return [
    ...(added.length > 0 ? [{ ...base, message: phrase`may now come later: ${list(added)}` }] : []),
    ...(lost.length > 0 ? [{ ...base, message: phrase`comes with the first message now: ${list(lost)}` }] : []),
    ...(before.budget_ms === after.budget_ms
      ? []
      : [
          {
            kind: "deadlines",
            level: "different",
            message: [
              `clients wait ${after.budget_ms > before.budget_ms ? "longer" : "less time"} at most for later fields`,
            ],
            before: [time(before.budget_ms)],
            after: [time(after.budget_ms)],
          } as const,
        ]),
  ];
}

/** Reports changes of parts without details. */
function others(before: RpcReport, after: RpcReport): readonly Difference[] {
  const changed = (key: keyof RpcReport): boolean => JSON.stringify(before[key]) !== JSON.stringify(after[key]);
  const functions = after.functions?.filter((name) => !before.functions?.includes(name)) ?? [];
  return [
    ...(functions.length > 0
      ? [{ kind: "values", level: "different", message: phrase`now calls your functions: ${list(functions)}` } as const]
      : []),
    ...branchDifferences(before, after),
    ...otherVariables("policies", ["reads other variables"], before.variables, after.variables),
    ...(changed("balance")
      ? [
          {
            kind: "policies",
            level: "different",
            message: ["the balancing of calls over addresses has changed"],
          } as const,
        ]
      : []),
    ...(changed("http")
      ? [
          {
            kind: "policies",
            level: "different",
            message: ["the HTTP paths of calls to upstreams have changed"],
          } as const,
        ]
      : []),
    ...(changed("priority")
      ? [
          {
            kind: "policies",
            level: "different",
            message: ["its priority under overload has changed"],
            before: [before.priority ?? "normal"],
            after: [after.priority ?? "normal"],
          } as const,
        ]
      : []),
    ...(changed("fair_share")
      ? [
          {
            kind: "policies",
            level: "different",
            message: ["the fair shares of its callers have changed"],
            before: shares(before),
            after: shares(after),
          } as const,
        ]
      : []),
    ...telemetry(before, after),
    ...usage(before.usage, after.usage),
  ];
}

/** Losing events is worse: their consumers no longer see the requests. */
function usage(before: RpcReport["usage"], after: RpcReport["usage"]): readonly Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const lost = before !== undefined && after === undefined;
  const message = [lost ? "it no longer has usage events" : "its usage events have changed"];
  return [
    { kind: "policies", level: lost ? "worse" : "different", message, before: events(before), after: events(after) },
  ];
}
function events(usage: RpcReport["usage"]): Phrase {
  if (usage === undefined) return ["none"];
  const { subject = "BFF_USAGE_FILE", fields = [] } = usage;
  return list([subject, ...fields.map(({ name, by }) => `${name} ${by}`)], 6);
}

function shares({ fair_share: share }: RpcReport): Phrase {
  if (share === undefined) return ["none"];
  const weight = share.weight === undefined ? "" : `, with weight ${share.weight}`;
  return [`by ${share.key}${weight}, at most ${share.queue} at once`];
}

function telemetry(before: RpcReport, after: RpcReport): readonly Difference[] {
  const { meters: lost = [], ...old } = before.telemetry ?? {};
  const { meters: added = [], ...now } = after.telemetry ?? {};
  const differ = (before: object, after: object): boolean => JSON.stringify(before) !== JSON.stringify(after);
  const base = { kind: "policies", level: "different" } as const;
  return [
    ...(differ(old, now) ? [{ ...base, message: ["its telemetry has changed"] }] : []),
    ...(differ(lost, added)
      ? [{ ...base, message: ["its meters have changed"], before: meters(lost), after: meters(added) }]
      : []),
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
