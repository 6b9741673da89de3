// Compares the rate limits of an rpc: finds callers that may call more often than before.

import type { LimitReport } from "protoc-gen-bff/compiler";
import { otherVariables } from "./compare-variables.ts";
import { changesOf, code, type FoundChange, type Level, type Phrase, phrase, time } from "./finding.ts";

const limits = changesOf("limits");

/**
 * Compares limits. A change that admits more is worse. An earlier refusal is different, because clients may depend on
 * the limit.
 */
export function compareLimits(
  before: readonly LimitReport[] = [],
  after: readonly LimitReport[] = [],
): readonly FoundChange[] {
  const [from, to] = [before, after].map((all) => new Map(all.map((limit) => [limit.name, limit])));
  const names = [...new Set([...(from?.keys() ?? []), ...(to?.keys() ?? [])])];
  return names.flatMap((name): readonly FoundChange[] => {
    const [had, has] = [from?.get(name), to?.get(name)];
    if (has === undefined) return [limits.of("worse", phrase`is no longer limited by ${name}`)];
    if (had === undefined)
      return [limits.of("different", phrase`is now limited by ${name}: ${[rate(has)]}, by ${has.key}`)];
    const reads = phrase`limit ${has.name} reads other variables`;
    return [
      ...otherVariables("limits", reads, had.variables, has.variables),
      ...amounts(had, has),
      ...expressions(had, has),
      ...counting(had, has),
    ];
  });
}

const rate = ({ rate: n, per, per_ms: ms = 0 }: LimitReport): string => `${n} per ${per ?? time(ms)}`;

const DAY_MS = 86_400_000;
/** The shortest month admits most. */
const PERIODS_MS = { day: DAY_MS, month: 28 * DAY_MS };
/** The rate per millisecond in the long run. */
function perMs({ rate: n, per, per_ms: ms = 0 }: LimitReport): number {
  return n / (per === undefined ? ms : PERIODS_MS[per]);
}

function amounts(had: LimitReport, has: LimitReport): readonly FoundChange[] {
  const level = (more: boolean): Level => (more ? "worse" : "different");
  const another = phrase`limit ${has.name} is another one`;
  const more = phrase`limit ${has.name} admits ${has.burst > had.burst ? ["more"] : ["fewer"]} at once`;
  const leases = phrase`limit ${has.name} leases another number of units`;
  const follows = had.burst === had.rate && has.burst === has.rate;
  return [
    ...limits.between(level(perMs(has) > perMs(had)), another, [rate(had)], [rate(has)]),
    ...(follows
      ? []
      : limits.changed(level(has.burst > had.burst), more, had.burst, has.burst, (units) => [String(units)])),
    ...limits.between("different", leases, lease(had), lease(has)),
  ];
}
const lease = ({ lease: units }: LimitReport): Phrase => [units === undefined ? "none" : String(units)];

/** Messages for changed expressions. No analysis proves that another expression admits no more callers. */
const EXPRESSIONS = {
  key: "counts by another key",
  if: "applies differently",
  cost: "charges differently",
  settle: "is settled differently",
} as const;
function expressions(had: LimitReport, has: LimitReport): readonly FoundChange[] {
  return (Object.keys(EXPRESSIONS) as (keyof typeof EXPRESSIONS)[]).flatMap((key) => {
    const [from, to] = [had[key], has[key]];
    if (from === to) return [];
    // Without a condition it applies always.
    const level = key === "if" && to === undefined ? "different" : "worse";
    return [limits.of(level, phrase`limit ${has.name} ${[EXPRESSIONS[key]]}`, code(from), code(to))];
  });
}
/** Messages for the start and the end of a mode. `worse`: the message that counts as worse. */
const COUNTING = {
  local: {
    begins: "is counted by each process separately",
    ends: "is counted by all processes together",
    worse: "begins",
  },
  closed: {
    begins: "refuses callers while its counters are unreachable",
    ends: "admits all callers while its counters are unreachable",
    worse: "ends",
  },
  dry_run: {
    begins: "no longer refuses anybody (dry run)",
    ends: "refuses callers, no longer in a dry run",
    worse: "begins",
  },
  spares_unknown: {
    begins: "no longer applies to unidentified callers",
    ends: "now also applies to unidentified callers",
    worse: "begins",
  },
} as const;
function counting(had: LimitReport, has: LimitReport): readonly FoundChange[] {
  return (Object.keys(COUNTING) as (keyof typeof COUNTING)[]).flatMap((key) => {
    if (had[key] === has[key]) return [];
    const change = has[key] === true ? "begins" : "ends";
    const messages = COUNTING[key];
    return [
      limits.of(messages.worse === change ? "worse" : "different", phrase`limit ${has.name} ${[messages[change]]}`),
    ];
  });
}
