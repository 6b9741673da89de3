// The cost of forwarding the upstream calls of a composition one by one, by proxies that compose nothing.
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { type InstalledProxy, proxies } from "../peers/proxies/programs.ts";
import { startProxy } from "../peers/proxies/start.ts";
import { h2load, type LoadResult } from "./h2load.ts";
import { callOnce } from "./one-call.ts";
import { processTree } from "./process-tree.ts";
import type { LeftOut, VariantResult } from "./result.ts";
import { median, percentile } from "./statistics.ts";
import type { UpstreamProcess } from "./upstream-process.ts";
import { forUser, grpcRequest, type Prepared } from "./variant.ts";

const CALL_MS = 10_000;

interface Sample {
  /** CPU of all its processes for the calls of one composed request, in microseconds. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly load: LoadResult;
}

interface Size {
  readonly connections: number;
  readonly streams: number;
  readonly warmUp: number;
  readonly measured: number;
}

/** Measures each installed proxy once a round. */
export class Forwarding {
  readonly leftOut: readonly LeftOut[];
  readonly #methods: readonly DescMethodUnary[];
  readonly #samples: ReadonlyMap<InstalledProxy, Sample[]>;

  /**
   * @param methods the upstream calls of one composed request; empty measures nothing
   * @param only names of the proxies to measure; all if absent
   */
  constructor(methods: readonly DescMethodUnary[], only?: readonly string[]) {
    const { installed, leftOut } = methods.length === 0 ? { installed: [], leftOut: [] } : proxies();
    this.leftOut = leftOut;
    this.#methods = methods;
    const measured = installed.filter(({ name }) => only?.includes(name) ?? true);
    this.#samples = new Map(measured.map((proxy) => [proxy, []]));
  }

  /** The measured proxies. */
  get names(): string[] {
    return [...this.#samples.keys()].map(({ name }) => name);
  }

  async round(size: Size, upstream: UpstreamProcess, report: (name: string, cpuMicros: number) => void): Promise<void> {
    for (const [proxy, samples] of this.#samples) {
      const sample = await measure(proxy, this.#methods, size, upstream);
      samples.push(sample);
      report(proxy.name, sample.cpuMicros);
    }
  }

  results(): VariantResult[] {
    return [...this.#samples].map(([{ name, version }, samples]) => {
      const over = (figure: (sample: Sample) => number) => median(samples.map(figure));
      return {
        name,
        cpu_us_per_request: over(({ cpuMicros }) => cpuMicros),
        cpu_us_min: Math.min(...samples.map(({ cpuMicros }) => cpuMicros)),
        cpu_us_per_forwarded_call: over(({ cpuMicros }) => cpuMicros) / this.#methods.length,
        requests_per_second: over(({ load }) => load.requestsPerSecond) / this.#methods.length,
        p50_ms: over(({ load }) => percentile(load.latenciesMs, 0.5)),
        p95_ms: over(({ load }) => percentile(load.latenciesMs, 0.95)),
        p99_ms: over(({ load }) => percentile(load.latenciesMs, 0.99)),
        rss_mb: over(({ rssBytes }) => rssBytes) / 2 ** 20,
        upstream_calls_per_request: this.#methods.length,
        built_of: version,
      };
    });
  }
}

async function measure(
  proxy: InstalledProxy,
  methods: readonly DescMethodUnary[],
  size: Size,
  upstream: UpstreamProcess,
): Promise<Sample> {
  const routes = methods.map(({ parent }) => [
    `/${parent.typeName}/`,
    Number(new URL(upstream.urls[parent.typeName] ?? "").port),
  ]);
  const { port, pid, stop } = await startProxy(proxy, Object.fromEntries(routes));
  try {
    const server = { url: `http://127.0.0.1:${port}` };
    const calls = methods.map((method) => grpcRequest({ method }, server, forUser(method)));
    await checked(proxy, calls);
    await h2load(calls, { ...size, requests: size.warmUp * calls.length });
    const before = usage(pid);
    const load = await h2load(calls, { ...size, requests: size.measured * calls.length });
    const after = usage(pid);
    return { cpuMicros: (after.cpuMicros - before.cpuMicros) / size.measured, rssBytes: after.rssBytes, load };
  } finally {
    await stop();
  }
}

/** @throws if a call does not get an answer through the proxy */
async function checked({ name }: InstalledProxy, calls: readonly Prepared[]): Promise<void> {
  for (const call of calls) {
    const { grpcStatus, body } = await callOnce(call, CALL_MS);
    if (grpcStatus !== 0 || body.length <= 5)
      throw new Error(`${name} answers ${call.path} with gRPC status ${grpcStatus} and ${body.length} bytes`);
  }
}

function usage(pid: number): { cpuMicros: number; rssBytes: number } {
  const processes = processTree(pid);
  const sum = (figure: "cpuMicros" | "rssBytes") => processes.reduce((all, entry) => all + entry[figure], 0);
  return { cpuMicros: sum("cpuMicros"), rssBytes: sum("rssBytes") };
}
