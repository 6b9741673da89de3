import type { BreakerReport, FileReport } from "protoc-gen-bff/compiler";
import { expect, test } from "vitest";
import { ratesText } from "./rates-text.ts";
import { upstreamRates } from "./upstream-rates.ts";

const BREAKER: BreakerReport = { error_rate: 0.5, window_ms: 10_000, minimum: 20, open_ms: 5_000, probes: 1 };
interface Settings {
  readonly breaker?: BreakerReport | null;
  readonly calls?: number | null;
  readonly methods?: readonly { readonly method: string; readonly breaker: BreakerReport | null }[];
  readonly call?: object;
}
/** A file whose rpc calls up.v1.Up/Get. */
function file({ breaker = BREAKER, calls = 2, methods, call = {} }: Settings = {}): FileReport {
  const method = "up.v1.Up/Get";
  const items = calls === null ? { per_request: { calls: 1, attempts: 1 }, per_item: { calls: 1, attempts: 1 } } : {};
  return {
    rpcs: [{ rpc: "web.v1.Web/GetPage", calls: [{ method, calls, attempts: calls, ...items }] }],
    messages: [{ steps: [{ step: "item", call: { method, timeout_ms: 300, attempts: 1, ...call } }] }],
    upstreams: [{ upstream: "up.v1.Up", breaker, methods, limit: { concurrent: 100, queued: 1_000 } }],
  } as unknown as FileReport;
}
const of = (settings: Settings, rate: number, instances = 1) => upstreamRates([file(settings)], { rate, instances })[0];

test("a breaker opens by its rate, by calls in a row, or never", () => {
  expect(of({}, 1)?.breakers).toEqual([{ samples_per_window: 20, opens: "by rate", opens_after_s: 10 }]);
  expect(of({}, 1, 2)?.breakers).toEqual([{ samples_per_window: 10, opens: "by row", opens_after_s: 5 }]);
  expect(of({}, 1, 30)?.breakers).toMatchObject([{ opens: "by row", opens_after_s: 75 }]);
  expect(of({}, 1, 31)?.breakers).toMatchObject([{ opens: "never", opens_after_s: null }]);
  expect(of({ breaker: { ...BREAKER, consecutive: 0 } }, 1, 2)?.breakers).toMatchObject([{ opens: "never" }]);
  expect(of({ breaker: null }, 1)?.breakers).toMatchObject([{ opens: "off" }]);
});
test("a method with a breaker has separate samples", () => {
  const [service, method] = of({ methods: [{ method: "Get", breaker: BREAKER }] }, 5)?.breakers ?? [];
  expect(service).toEqual({ samples_per_window: 0, opens: "never", opens_after_s: null });
  expect(method).toEqual({ method: "up.v1.Up/Get", samples_per_window: 100, opens: "by rate", opens_after_s: 2 });
});
test("calls of a list without max are unbounded, and samples are those of one item", () => {
  expect(of({ calls: null, call: { hedge: { delay_ms: 50, max: 1, budget: 0.1 } } }, 5)).toMatchObject({
    calls: null,
    hedges: null,
    breakers: [{ samples_per_window: 100 }],
  });
});
test("the text has a line for each number", () => {
  const call = { hedge: { delay_ms: 50, max: 2, budget: 0.1 }, cache: { ttl_ms: 5_000 } };
  const traffic = { rate: 200, instances: 12, addresses: 200 };
  expect(ratesText(upstreamRates([file({ call })], traffic), traffic)).toBe(`\
200 requests/s of each rpc, 12 processes

up.v1.Up
  calls      at worst 400/s
  breaker    333 samples per window of a process; opens by its rate, after 0.6 s of failures
  in flight  at most 1200 of all processes
  addresses  128 of 200 for each process
  hedges     at most 40/s
  retries    stop after 5 failures of a process; each success allows 0.1 more
  cache      at most 2.4/s for a key of up.v1.Up/Get, about 0.2/s with Redis
`);
});
test("each process fetches a key without single_fetch", () => {
  const call = { cache: { ttl_ms: 5_000, single_fetch: false } } as const;
  const [rates] = upstreamRates([file({ call })], { rate: 200, instances: 12 });
  expect(rates?.fetches).toEqual([{ method: "up.v1.Up/Get", per_key: 2.4, per_key_shared: 2.4 }]);
});
test.each([
  [100, 1, 100, true],
  [128, 1, 128, true],
  [129, 1, 128, false],
  [200, 6, 128, false],
  [200, 7, 128, true],
])("%i addresses are used by %i processes with %i each, evenly: %s", (addresses, instances, used, isEven) => {
  const [rates] = upstreamRates([file({})], { rate: 1, instances, addresses });
  expect(rates?.addresses).toEqual({ used, of: addresses, is_even: isEven });
  expect(ratesText(rates ? [rates] : [], { rate: 1, instances }).includes("warning")).toBe(!isEven);
});
