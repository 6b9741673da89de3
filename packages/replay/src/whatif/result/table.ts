// Results as text: a table of the rpcs of the BFF, and one of the rpcs of upstreams.
import type { Estimate } from "./estimate.ts";
import type { CallResult, Cause, RpcResult, Simulation } from "./simulate.ts";

/**
 * Returns the tables. With changes, each value has the form `before → after`.
 *
 * @param after the result with the changes; undefined: there are none
 */
export function tableText(before: Simulation, after?: Simulation): string {
  const rpcs = before.rpcs.map((rpc) => pair(rpc, after?.rpcs, (other) => other.rpc === rpc.rpc));
  const calls = before.calls.map((call) => pair(call, after?.calls, (other) => other.call === call.call));
  const rows = [
    table(
      ["rpc", "requests/s", "p50 ms", "p99 ms", "degraded", "failed"],
      rpcs.map((both) => [
        both[0].rpc,
        change(both, ({ perSecond }) => figure(perSecond)),
        change(both, ({ p50 }) => interval(p50)),
        change(both, ({ p99 }) => interval(p99)),
        change(both, ({ degraded }) => percent(degraded)),
        change(both, ({ failed }) => percent(failed)),
      ]),
    ),
    table(
      ["upstream", "calls/s", "attempts/call", "busy", "peak", "expired", "cached"],
      calls.map((both) => [
        both[0].call,
        change(both, ({ perSecond }) => interval(perSecond)),
        change(both, ({ attempts }) => figure(attempts.value)),
        change(both, ({ busy }) => figure(busy.value)),
        change(both, ({ peak }) => String(peak)),
        change(both, ({ expired }) => percent(expired)),
        change(both, ({ hits }) => percent(hits)),
      ]),
    ),
    ...refusals(rpcs, calls),
  ];
  return `${rows.join("\n")}`;
}

/** Returns the table of latencies alone, with the share of answers beyond the longest p99 of an rpc's calls. */
export function latencyTable({ rpcs }: Simulation): string {
  return table(
    ["rpc", "p50 ms", "p99 ms", "slower than its calls' p99"],
    rpcs.map(({ rpc, p50, p99, tail }) => [
      rpc,
      interval(p50),
      interval(p99),
      `${percent(tail.slower)} > ${figure(tail.ms)} ms`,
    ]),
  );
}

type Pair<T> = readonly [before: T, after: T | undefined];
const pair = <T>(before: T, all: readonly T[] | undefined, isSame: (other: T) => boolean): Pair<T> => [
  before,
  all?.find(isSame),
];

function change<T>([before, after]: Pair<T>, text: (of: T) => string): string {
  if (after === undefined || text(after) === text(before)) return text(before);
  return `${text(before)} → ${text(after)}`;
}

function refusals(rpcs: readonly Pair<RpcResult>[], calls: readonly Pair<CallResult>[]): readonly string[] {
  const lines = [
    ...rpcs.flatMap((both) => causeLines(both, both[0].rpc, ({ causes }) => causes)),
    ...calls.flatMap((both) => causeLines(both, both[0].call, ({ refused }) => refused)),
  ];
  return lines.length === 0 ? [] : ["refused or failed, as a share of the requests or calls:\n", lines.join("")];
}
function causeLines<T>([before, after]: Pair<T>, name: string, of: (result: T) => readonly Cause[]): readonly string[] {
  const causes = new Set(
    [before, after].flatMap((result) => (result === undefined ? [] : of(result))).map(({ cause }) => cause),
  );
  const share = (result: T, cause: string): string =>
    percent({ value: of(result).find((each) => each.cause === cause)?.share ?? 0, error: Number.NaN });
  return [...causes].map(
    (cause) => `  ${name}: ${cause} ${change([before, after], (result) => share(result, cause))}\n`,
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Returns a number with at least three digits. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value === 0 ? 3 : Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(2, Math.max(0, 3 - digits)));
}
const interval = ({ value, error }: Estimate): string =>
  Number.isFinite(error) ? `${figure(value)} ± ${figure(error)}` : figure(value);
const percent = ({ value, error }: Estimate): string =>
  value === 0 || !Number.isFinite(error)
    ? `${figure(value * 100)} %`
    : `${figure(value * 100)} ± ${figure(error * 100)} %`;
