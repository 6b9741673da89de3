// Compares the state of an upstream that all requests share: breakers and limits.
import type { BreakerReport, UpstreamReport } from "protoc-gen-bff/compiler";
import { shortName } from "./composition.ts";
import { changesOf, type Finding, type Level, time } from "./finding.ts";
import { otherMembers } from "./other-members.ts";

export function compareUpstreams(before: UpstreamReport, after: UpstreamReport): readonly Finding[] {
  const findings = (message: string, from: string, to: string, level: Level = "different") =>
    changesOf("policies").between(level, message, [from], [to]);
  const methods = [...new Set([...(before.methods ?? []), ...(after.methods ?? [])].map(({ method }) => method))];
  const breakerOf = ({ methods: all = [], breaker: rest }: UpstreamReport, method: string) => {
    const found = all.find((entry) => entry.method === method);
    return breaker(found === undefined ? rest : found.breaker);
  };
  const off = after.breaker === null ? "worse" : "different";
  const budget = ({ retry_budget: report }: UpstreamReport) =>
    report === undefined ? "none" : `${report.max_tokens} tokens, ${report.token_ratio} back for each success`;
  const limit = ({ limit: { concurrent, queued, adaptive } }: UpstreamReport) =>
    `${concurrent} at a time, ${queued} waiting${adaptive === true ? ", adaptive" : ""}`;
  return [
    ...findings(
      after.breaker === null ? "no longer has a breaker" : "has another breaker",
      breaker(before.breaker),
      breaker(after.breaker),
      off,
    ),
    ...methods.flatMap((method) =>
      findings(`has another breaker for ${method}`, breakerOf(before, method), breakerOf(after, method)),
    ),
    ...findings("has another limit", limit(before), limit(after)),
    ...findings("has another budget for retries", budget(before), budget(after)),
    ...findings("is called by another protocol", before.protocol ?? "GRPC", after.protocol ?? "GRPC"),
    ...findings("selects shards in another way", shards(before), shards(after), "worse"),
    ...otherMembers(before, after, COMPARED),
  ].map((difference) => ({ ...difference, where: [shortName(after.upstream)] }));
}
const COMPARED = `
  breaker.error_rate breaker.window_ms breaker.minimum breaker.open_ms breaker.probes breaker.slow_ms
  breaker.slow_rate breaker.consecutive methods limit.concurrent limit.queued limit.adaptive retry_budget.max_tokens
  retry_budget.token_ratio protocol shards.max shards.hash shards.by
`
  .trim()
  .split(/\s+/);

/** Another rule sends keys to servers that do not hold their data. */
function shards({ shards: report }: UpstreamReport): string {
  if (report === undefined) return "no shards";
  const key = report.by === undefined ? "the key of each call" : report.by;
  return `at most ${report.max}, ${report.hash} by ${key}`;
}

function breaker(report: BreakerReport | null): string {
  if (report === null) return "none";
  const slow =
    report.slow_ms === undefined ? "" : `, or ${percent(report.slow_rate ?? 0)} slower than ${time(report.slow_ms)}`;
  const { minimum, window_ms: window, open_ms: open, probes, consecutive = 5 } = report;
  const row = consecutive === 0 ? "" : `, or ${consecutive} failed calls in a row`;
  return `open for ${time(open)} at ${percent(report.error_rate)} errors of ${minimum} in ${time(window)}${slow}${row}; probes: ${probes}`;
}
const percent = (share: number): string => `${Number((share * 100).toPrecision(12))} %`;
