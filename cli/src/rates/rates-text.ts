import type { BreakerRates, Traffic, UpstreamRates } from "./upstream-rates.ts";

/** Returns the meaning of settings as text, a block for each upstream. */
export function ratesText(upstreams: readonly UpstreamRates[], { rate, instances }: Traffic): string {
  const head = `${figure(rate)} requests/s of each rpc, ${counted(instances, "process", "processes")}\n`;
  return [head, ...upstreams.map(textOf)].join("\n");
}

function textOf(rates: UpstreamRates): string {
  const { upstream, calls, breakers, in_flight, hedges, retries, fetches } = rates;
  return [
    upstream,
    `  calls      at worst ${perSecond(calls)}`,
    ...breakers.map(breakerText),
    `  in flight  at most ${figure(in_flight)} of all processes`,
    ...addressText(rates),
    ...(hedges === 0 ? [] : [`  hedges     at most ${perSecond(hedges)}`]),
    `  retries    stop after ${retries.burst} failures of a process; each success allows ${figure(retries.per_success)} more`,
    ...fetches.map(
      ({ method, per_key: fetched, per_key_shared: shared }) =>
        `  cache      at most ${figure(fetched)}/s for a key of ${method}${shared < fetched ? `, about ${figure(shared)}/s with Redis` : ""}`,
    ),
    "",
  ].join("\n");
}

function addressText({ addresses }: UpstreamRates): readonly string[] {
  if (addresses === undefined) return [];
  const { used, of, is_even: isEven } = addresses;
  const warning = isEven ? "" : "; warning: too few processes for even shares: raise `balance.subset`";
  return [`  addresses  ${figure(used)} of ${figure(of)} for each process${warning}`];
}

function breakerText({ method, samples_per_window: samples, opens, opens_after_s: after }: BreakerRates): string {
  const of = method === undefined ? "" : ` of ${method}`;
  if (opens === "off") return `  breaker    off${of}`;
  const how = opens === "by row" ? "by calls that fail in a row" : "by its rate";
  const text =
    after === null ? "never opens: calls are too rare" : `opens ${how}, after ${figure(after)} s of failures`;
  return `  breaker    ${figure(samples)} samples per window of a process${of}; ${text}`;
}

const perSecond = (rate: number | null): string => (rate === null ? "unbounded" : `${figure(rate)}/s`);
const figure = (value: number): string => String(Number(value.toPrecision(3)));
const counted = (count: number, single: string, several: string): string =>
  `${figure(count)} ${count === 1 ? single : several}`;
