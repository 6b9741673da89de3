// Alerts for more than 5 % of something: degraded answers, refusals by limits, stale answers.
import { type Alert, BY, COUNT, rpcsWith } from "./alert.ts";
import { anyOf, rate, series, sumBy } from "./promql.ts";
import type { Watched } from "./watched-server.ts";

/** Outcomes of limits that refuse a request. */
const REFUSED = 'outcome=~"exceeded|cost|unreachable"';

/** @param methods selects all rpcs */
export function shareAlerts(watched: Watched, methods: string): readonly Alert[] {
  const all = [...degraded(watched, methods), ...limited(watched), ...stale(watched)];
  return all.map((alert): Alert => ({ wait: "10m", severity: "ticket", ...alert }));
}
type ShareAlert = Omit<Alert, "wait" | "severity">;

/** @param part a counter, as is `whole` */
const share = (part: string, whole: string): string => `${sumBy(BY, rate(part, "10m"))}
/
${sumBy(BY, rate(whole, "10m"))}
> 0.05`;

function degraded(watched: Watched, methods: string): readonly ShareAlert[] {
  const lacking = watched.rpcs.filter(({ degrades }) => degrades);
  if (lacking.length === 0) return [];
  const ofAnswers = share(series("bff_degraded_responses_total", methods), series(COUNT, methods));
  const ofMessages = (): string => {
    const self = rpcsWith(watched, ({ streams }) => streams);
    return share(series("bff_stream_items_degraded_total", self), series("bff_stream_items_total", self));
  };
  const kinds = [
    ...(lacking.some(({ streams }) => !streams) ? [ofAnswers] : []),
    ...(lacking.some(({ streams }) => streams) ? [ofMessages()] : []),
  ];
  return [
    {
      name: "BffDegraded",
      expr: kinds.length === 1 ? kinds.join("") : kinds.map((kind) => `(\n${kind}\n)`).join("\nor\n"),
      summary: `{{ $value | humanizePercentage }} of the ${kinds.length === 1 && kinds[0] !== ofAnswers ? "messages" : "answers"} of {{ $labels.rpc_method }} lack something`,
      description: "Which fields, and whose failure it is: bff_degraded_total by path, upstream and reason.",
    },
  ];
}

function limited(watched: Watched): readonly ShareAlert[] {
  if (!watched.rpcs.some((rpc) => rpc.limited)) return [];
  const self = rpcsWith(watched, (rpc) => rpc.limited);
  return [
    {
      name: "BffCallersLimited",
      expr: share(series("bff_rate_limited_total", self, REFUSED), series(COUNT, self)),
      summary: "Limits refuse {{ $value | humanizePercentage }} of the requests of {{ $labels.rpc_method }}",
      description: "Which limits: bff_rate_limited_total by limit and outcome.",
    },
  ];
}

function stale({ rpcs }: Watched): readonly ShareAlert[] {
  const cached = rpcs.flatMap((rpc) => [rpc, ...rpc.calls].filter(({ cached }) => cached).map(({ method }) => method));
  if (cached.length === 0) return [];
  const self = anyOf("rpc_method", [...new Set(cached)]);
  return [
    {
      name: "BffStaleServed",
      expr: share(series("bff_cache_total", self, 'outcome="stale"'), series("bff_cache_total", self)),
      summary: "{{ $value | humanizePercentage }} of the cached answers of {{ $labels.rpc_method }} are stale",
      description: "They are older than their ttl: renewing them fails, or takes long.",
    },
  ];
}
