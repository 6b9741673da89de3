// Latencies and rates from the server's histograms in Prometheus. Calls have all of their attempts there.
import { Code } from "@protobff/runtime/internal/failure";
import { InputError } from "../input-error.ts";
import { ofBuckets } from "./latency.ts";
import { DEFAULT_KEYS } from "./read-latencies.ts";
import type { CallWorld, World } from "./world.ts";

/** Returns the JSON that `/api/v1/query` answers to a query. */
export type QueryPrometheus = (query: string) => Promise<unknown>;

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Statuses of calls that the caller gave up: their duration is a lower bound. */
const GIVEN_UP = "DEADLINE_EXCEEDED|CANCELLED";

/**
 * Reads the calls of the last `window`.
 *
 * @param window duration as in PromQL, `1h`
 * @throws InputError if Prometheus answers with an error, or has no call
 *
 * @example
 * await readPrometheus(async (query) => (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)).json(), "1h");
 */
export async function readPrometheus(query: QueryPrometheus, window: string): Promise<World> {
  const samples = async (text: string): Promise<readonly Sample[]> => samplesIn(await query(text));
  const calls = "rpc_client_call_duration_seconds";
  const [buckets, counts, rates] = await Promise.all([
    samples(
      `sum by (rpc_method, le) (increase(${calls}_bucket{rpc_response_status_code=~"OK|${GIVEN_UP}"}[${window}]))`,
    ),
    samples(`sum by (rpc_method, rpc_response_status_code) (increase(${calls}_count[${window}]))`),
    samples(`sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count[${window}]))`),
  ]);
  const methods = Map.groupBy(buckets, ({ labels }) => labels.rpc_method ?? "");
  const found = [...methods].flatMap(([method, all]): [string, CallWorld][] => {
    const latency = ofBuckets(bucketsOf(all));
    const ofMethod = counts.filter(({ labels }) => labels.rpc_method === method);
    return latency === undefined ? [] : [[method, { latency, failures: undefined, ...errorsOf(ofMethod) }]];
  });
  if (found.length === 0)
    throw new InputError(`Prometheus has no ${calls} of the last ${window}: write a longer --window`);
  const rpcs = rates
    .filter(({ value }) => value > 0)
    .map(({ labels, value }) => [labels.rpc_method ?? "", { rate: value, keys: DEFAULT_KEYS, skew: 1 }] as const);
  return { calls: new Map(found), rpcs: new Map(rpcs) };
}

function bucketsOf(samples: readonly Sample[]) {
  const bounds = samples
    .map(({ labels, value }) => ({
      ms: labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le) * 1_000,
      value,
    }))
    .sort((a, b) => a.ms - b.ms);
  return bounds.map(({ ms, value }, i) => ({ ms, count: Math.max(0, value - (bounds[i - 1]?.value ?? 0)) }));
}

function errorsOf(counts: readonly Sample[]): Pick<CallWorld, "errors" | "code" | "concurrent" | "items"> {
  const total = counts.reduce((sum, { value }) => sum + value, 0);
  const failed = counts
    .filter(({ labels }) => !`OK|${GIVEN_UP}`.split("|").includes(labels.rpc_response_status_code ?? ""))
    .sort((a, b) => b.value - a.value);
  const errors = failed.reduce((sum, { value }) => sum + value, 0);
  const code = Object.entries(Code).find(([name]) => name === failed[0]?.labels.rpc_response_status_code)?.[1];
  return {
    errors: total > 0 ? errors / total : 0,
    code: code ?? Code.UNAVAILABLE,
    concurrent: undefined,
    items: undefined,
  };
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
function samplesIn(answer: unknown): readonly Sample[] {
  const { status, error, data } = (answer ?? {}) as { status?: unknown; error?: unknown; data?: { result?: unknown } };
  if (status !== "success" || !Array.isArray(data?.result))
    throw new InputError(
      `Prometheus does not answer the query: ${typeof error === "string" ? error : "the answer has no result"}`,
    );
  return data.result.map(
    ({ metric = {}, value = [] }: { metric?: Readonly<Record<string, string>>; value?: readonly unknown[] }) => ({
      labels: metric,
      value: Number(value[1]),
    }),
  );
}
