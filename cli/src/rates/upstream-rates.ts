// The meaning of settings at a rate of requests: samples of breakers, calls in flight, hedges, retries, fetches.
import type { BreakerReport, CallReport, FileReport, UpstreamReport } from "protoc-gen-bff/compiler";

/** Rate of each rpc over all instances, in requests per second, and the number of instances. */
export interface Traffic {
  readonly rate: number;
  readonly instances: number;
  /** Number of addresses of each upstream; undefined: unknown. */
  readonly addresses?: number | undefined;
}

/** Names are those of the JSON. Rates are per second, and those of processes are at an even distribution. */
export interface UpstreamRates {
  readonly upstream: string;
  /** Calls of all processes in the worst case; null: a list without `max` leaves it unbounded. */
  readonly calls: number | null;
  /** The breaker of the service, then those of methods. */
  readonly breakers: readonly BreakerRates[];
  /** Number of addresses that a process uses; present only if the number of addresses is given. */
  readonly addresses?: { readonly used: number; readonly of: number; readonly is_even: boolean };
  /** Maximum number of calls in flight of all processes. */
  readonly in_flight: number;
  /** Maximum number of hedges of all processes; null as of `calls`. */
  readonly hedges: number | null;
  /** Retries of one process without a success between, and per success. */
  readonly retries: { readonly burst: number; readonly per_success: number };
  /** Methods with a cache: fetches of one key by all processes, and those if the processes share them in Redis. */
  readonly fetches: readonly { readonly method: string; readonly per_key: number; readonly per_key_shared: number }[];
}
/** `opens_after_s`: seconds of failed calls after which it opens; null: it does not open. */
export interface BreakerRates {
  /** Present only for the breaker of a single method. */
  readonly method?: string;
  /** In the worst case; of a list without `max`, with one item. */
  readonly samples_per_window: number;
  readonly opens: "by rate" | "by row" | "never" | "off";
  readonly opens_after_s: number | null;
}

/** Maximum age of a failure in the row of a breaker, in seconds. */
const ROW_S = 60;
/** Defaults of `RetryBudget` and of `Breaker.consecutive`. */
const BUDGET = { max_tokens: 10, token_ratio: 0.1 };
const CONSECUTIVE = 5;
/** Default of `Balance.subset`, and the number of processes for each address from which calls are spread evenly. */
const SUBSET = 128;
const EVEN = 4;

/** Calls of a method in one request of each rpc. A list without `max` counts as one item. */
interface MethodCalls {
  count: number;
  isUnbounded: boolean;
}

/** Returns the meaning of the settings of each upstream of these files. Streams count with their openings. */
export function upstreamRates(files: readonly FileReport[], traffic: Traffic): readonly UpstreamRates[] {
  const calls = files.flatMap(callsIn);
  const methods = new Map<string, MethodCalls>();
  for (const { method, calls: most, per_request: once, per_item: item } of files.flatMap(({ rpcs }) =>
    rpcs.flatMap((rpc) => rpc.calls),
  )) {
    const { count, isUnbounded } = methods.get(method) ?? { count: 0, isUnbounded: false };
    const added = most ?? (once?.calls ?? 0) + (item?.calls ?? 1);
    methods.set(method, { count: count + added, isUnbounded: isUnbounded || most === null });
  }
  const reports = new Map(files.flatMap(({ upstreams = [] }) => upstreams.map((report) => [report.upstream, report])));
  const balances = files.flatMap(({ rpcs }) => rpcs.flatMap(({ balance = [] }) => balance));
  const subsets = new Map(balances.map(({ upstream, subset }) => [upstream, subset]));
  return [...reports.values()].map((report) => {
    const isOf = (method: string): boolean => method.startsWith(`${report.upstream}/`);
    const called = [...methods].filter(([method]) => isOf(method)).map(([method, of]) => ({ method, ...of }));
    return ratesOf(report, called, { calls, subset: subsets.get(report.upstream) ?? SUBSET }, traffic);
  });
}

function ratesOf(
  report: UpstreamReport,
  methods: readonly (MethodCalls & { readonly method: string })[],
  { calls, subset }: { readonly calls: readonly CallReport[]; readonly subset: number },
  { rate, instances, addresses }: Traffic,
): UpstreamRates {
  const separate = new Map(
    (report.methods ?? []).map(({ method, breaker }) => [`${report.upstream}/${method}`, breaker]),
  );
  const perSecond = (of: typeof methods): number => rate * of.reduce((sum, { count }) => sum + count, 0);
  const bounded = (value: number): number | null =>
    value > 0 && methods.some(({ isUnbounded }) => isUnbounded) ? null : value;
  const { max_tokens: tokens, token_ratio: ratio } = report.retry_budget ?? BUDGET;
  const breakerOf = (breaker: BreakerReport | null, of: typeof methods) =>
    breakerRates(breaker, perSecond(of) / instances);
  return {
    upstream: report.upstream,
    calls: bounded(perSecond(methods)),
    breakers: [
      breakerOf(
        report.breaker,
        methods.filter(({ method }) => !separate.has(method)),
      ),
      ...[...separate].map(([name, breaker]) => ({
        method: name,
        ...breakerOf(
          breaker,
          methods.filter(({ method }) => method === name),
        ),
      })),
    ],
    ...(addresses !== undefined && { addresses: spread(subset, addresses, instances) }),
    in_flight: report.limit.concurrent * instances,
    hedges: bounded(methods.reduce((sum, { method, count }) => sum + rate * count * hedgesPerCall(calls, method), 0)),
    retries: { burst: Math.ceil(tokens / 2), per_success: ratio },
    fetches: methods.flatMap(({ method }) => {
      const caches = calls.flatMap((call) => (call.method === method && call.cache ? [call.cache] : []));
      if (caches.length === 0) return [];
      const ttl = Math.min(...caches.map(({ ttl_ms }) => ttl_ms));
      const isShared = caches.every(({ single_fetch: single }) => single !== false);
      const perKey = (of: number): number => (of * 1_000) / ttl;
      return [{ method, per_key: perKey(instances), per_key_shared: perKey(isShared ? 1 : instances) }];
    }),
  };
}

const spread = (subset: number, of: number, instances: number): NonNullable<UpstreamRates["addresses"]> => ({
  used: Math.min(subset, of),
  of,
  is_even: subset >= of || instances * subset >= EVEN * of,
});

function hedgesPerCall(calls: readonly CallReport[], method: string): number {
  const hedges = calls.flatMap((call) => (call.method === method && call.hedge ? [call.hedge] : []));
  return Math.max(0, ...hedges.map(({ max, budget = max }) => Math.min(max, budget)));
}

/** @param perSecond calls of one process */
function breakerRates(report: BreakerReport | null, perSecond: number): BreakerRates {
  if (report === null) return { samples_per_window: 0, opens: "off", opens_after_s: null };
  const { window_ms: window, minimum, consecutive = CONSECUTIVE } = report;
  const samples = (perSecond * window) / 1_000;
  if (samples >= minimum) return { samples_per_window: samples, opens: "by rate", opens_after_s: minimum / perSecond };
  // The failures of a row are at most a minute old.
  const isRow = consecutive > 0 && perSecond > 0 && (consecutive - 1) / perSecond <= ROW_S;
  const row = isRow ? ({ opens: "by row", opens_after_s: consecutive / perSecond } as const) : undefined;
  return { samples_per_window: samples, ...(row ?? { opens: "never", opens_after_s: null }) };
}

/** Returns all calls in a report, however deep. */
function callsIn(value: unknown): readonly CallReport[] {
  if (Array.isArray(value)) return value.flatMap(callsIn);
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(callsIn);
  return "method" in value && "timeout_ms" in value && "attempts" in value ? [value as CallReport, ...inner] : inner;
}
