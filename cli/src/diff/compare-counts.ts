// Numbers of upstream calls of an rpc, by method: per request, per item of lists without `max`, per item of a stream.
import type { MethodCallsReport, RpcReport } from "protoc-gen-bff/compiler";
import { changesOf, count, type FoundChange, growth, type Part, type Phrase } from "./finding.ts";

type Unit = "call" | "attempt";
type Amounts = Omit<MethodCallsReport, "method">;

const NO_CALLS: Amounts = { calls: 0, attempts: 0 };
const COLUMNS = { call: "calls", attempt: "attempts" } as const;
const MAX_METHODS = 4;

/** One way to count calls of a method. */
interface Measure {
  /** Text behind the noun "calls". */
  readonly of: string;
  readonly amounts: (counts: MethodCallsReport) => Amounts;
}
const ALL: Measure = { of: "", amounts: (counts) => counts };
const SPLIT: readonly Measure[] = [
  { of: " for each item of unbounded lists", amounts: (counts) => counts.per_item ?? NO_CALLS },
  { of: " besides those for items", amounts: (counts) => counts.per_request ?? counts },
];

/** Calls and attempts of both sides, in total and by method. */
export function compareCounts(before: RpcReport, after: RpcReport): readonly FoundChange[] {
  return [
    ...comparePhases(before.calls, after.calls, ""),
    ...(before.stream === undefined || after.stream === undefined
      ? []
      : comparePhases(before.stream.item_calls, after.stream.item_calls, " for each item of the stream")),
  ];
}

/** Attempts follow from calls, and are reported if they alone have changed. */
function comparePhases(
  before: readonly MethodCallsReport[],
  after: readonly MethodCallsReport[],
  phase: string,
): readonly FoundChange[] {
  for (const unit of ["call", "attempt"] as const) {
    const unbounded = [before, after].every((all) => total(all, ALL, unit) === null);
    const found = (unbounded ? SPLIT : [ALL]).flatMap((measure) => compare(before, after, measure, unit, phase));
    if (found.length > 0) return found;
  }
  return [];
}

function compare(
  before: readonly MethodCallsReport[],
  after: readonly MethodCallsReport[],
  measure: Measure,
  unit: Unit,
  phase: string,
): readonly FoundChange[] {
  const [from, to] = [total(before, measure, unit), total(after, measure, unit)];
  const percent = growth(from, to);
  const amountIn = (all: readonly MethodCallsReport[], method: string): number | null | undefined =>
    all.filter((report) => report.method === method).map((report) => amount(report, measure, unit))[0];
  const methods = [...new Set([...after, ...before].map(({ method }) => method))];
  const counts = methods.map((method) => ({ method, had: amountIn(before, method), has: amountIn(after, method) }));
  const changed = counts.filter(({ had = 0, has = 0 }) => had !== has);
  // A method on one side only is reported as a new or lost upstream call.
  if (percent === 0 && !changed.some(({ had, has }) => had !== undefined && has !== undefined)) return [];
  const by = changed
    .slice(0, MAX_METHODS)
    .flatMap(({ method, had = 0, has = 0 }, i): Part[] => [
      ...(i === 0 ? [] : [", "]),
      { code: method },
      ` (${number(had)} → ${number(has)})`,
    ]);
  const more = changed.length > MAX_METHODS ? [` and ${changed.length - MAX_METHODS} more`] : [];
  const messageOf = (what: string): Phrase => [
    `${what} upstream ${unit}s${phase}${measure.of}`,
    ...(by.length === 0 ? [] : [": ", ...by, ...more]),
  ];
  const calls = changesOf("calls");
  if (percent === 0) return [calls.of("different", messageOf("as many as before, but other"))];
  const [level, than] = percent > 0 ? (["worse", "more"] as const) : (["better", "fewer"] as const);
  return [{ ...calls.of(level, messageOf(`at worst ${than}`), [count(from, unit)], [count(to, unit)]), percent }];
}

const amount = (counts: MethodCallsReport, { amounts }: Measure, unit: Unit): number | null =>
  amounts(counts)[COLUMNS[unit]];

function total(all: readonly MethodCallsReport[], measure: Measure, unit: Unit): number | null {
  let sum = 0;
  for (const counts of all) {
    const calls = amount(counts, measure, unit);
    if (calls === null) return null;
    sum += calls;
  }
  return sum;
}

const number = (n: number | null): string => (n === null ? "any number" : String(n));

/** Methods that an rpc calls, those for items of its stream included. */
export const methodsOf = ({ calls, stream }: RpcReport): readonly string[] => [
  ...new Set([...calls, ...(stream?.item_calls ?? [])].map(({ method }) => method)),
];

/** Worst case of one method: `2 calls, 6 attempts`, `1 call, and 1 call for each item of unbounded lists`. */
export function costOf(method: string, { calls, stream }: RpcReport): string {
  const phases = [
    { all: calls, phase: "" },
    { all: stream?.item_calls ?? [], phase: " for each item of the stream" },
  ];
  return phases
    .flatMap(({ all, phase }) =>
      all
        .filter((report) => report.method === method)
        .flatMap((report): readonly string[] =>
          report.per_item === undefined
            ? [`${amountsText(report)}${phase}`]
            : [
                ...(report.per_request?.calls === 0 ? [] : [`${amountsText(report.per_request ?? NO_CALLS)}${phase}`]),
                `${amountsText(report.per_item)}${phase} for each item of unbounded lists`,
              ],
        ),
    )
    .join(", and ");
}
const amountsText = ({ calls, attempts }: Amounts): string =>
  attempts === calls ? count(calls, "call") : `${count(calls, "call")}, ${count(attempts, "attempt")}`;
