// Compares the state of an upstream that all requests share: breakers and limits.
import type { BreakerReport, UpstreamReport } from "protoc-gen-bff/compiler";
import { time } from "./amounts.ts";
import { shortName } from "./composition.ts";
import type { Finding, Level } from "./finding.ts";

export function compareUpstreams(before: UpstreamReport, after: UpstreamReport): readonly Finding[] {
  const told = (says: string, from: string, to: string, level: Level = "different"): readonly Finding[] =>
    from === to
      ? []
      : [{ kind: "policies", level, says: [says], before: [from], after: [to], where: [shortName(after.upstream)] }];
  const methods = [...new Set([...(before.methods ?? []), ...(after.methods ?? [])].map(({ method }) => method))];
  const own = ({ methods: all = [], breaker: rest }: UpstreamReport, method: string) => {
    const found = all.find((one) => one.method === method);
    return breaker(found === undefined ? rest : found.breaker);
  };
  const off = after.breaker === null ? "worse" : "different";
  const budget = ({ retry_budget: one }: UpstreamReport) =>
    one === undefined ? "none" : `${one.max_tokens} tokens, ${one.token_ratio} back for each success`;
  const limit = ({ limit: { concurrent, queued, adaptive } }: UpstreamReport) =>
    `${concurrent} at a time, ${queued} waiting${adaptive === true ? ", adaptive" : ""}`;
  return [
    ...told(
      after.breaker === null ? "no longer has a breaker" : "has another breaker",
      breaker(before.breaker),
      breaker(after.breaker),
      off,
    ),
    ...methods.flatMap((method) => told(`has another breaker for ${method}`, own(before, method), own(after, method))),
    ...told("has another limit", limit(before), limit(after)),
    ...told("has another budget for retries", budget(before), budget(after)),
    ...told("is called by another protocol", before.protocol ?? "GRPC", after.protocol ?? "GRPC"),
  ];
}

function breaker(one: BreakerReport | null): string {
  if (one === null) return "none";
  const slow = one.slow_ms === undefined ? "" : `, or ${percent(one.slow_rate ?? 0)} slower than ${time(one.slow_ms)}`;
  const { minimum, window_ms: window, open_ms: open, probes } = one;
  return `open for ${time(open)} at ${percent(one.error_rate)} errors of ${minimum} in ${time(window)}${slow}; probes: ${probes}`;
}
const percent = (share: number): string => `${Number((share * 100).toPrecision(12))} %`;
