import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { Histogram, SECONDS } from "./histogram.ts";
import type { Family, Sample } from "./snapshot.ts";

/** Interval of event loop measurements, in milliseconds. */
const RESOLUTION_MS = 20;
/**
 * Time within which scrapes receive the same delays, in milliseconds. Otherwise each scrape would reset the delays of
 * the others.
 */
const LEAST_MS = 5_000;
const NS = 1e9;

/** Metrics of the process: event loop, memory, CPU, collections. Names are those of OpenTelemetry and Prometheus. */
export class ProcessMetrics {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;
  #delays: readonly Family[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #collections = new Map<string, Histogram>();
  readonly #observer: PerformanceObserver;
  readonly #startedAt = performance.timeOrigin / 1000;

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delay.enable();
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) this.#collected(entry);
    });
    this.#observer.observe({ entryTypes: ["gc"] });
  }
  close(): void {
    this.#delay.disable();
    this.#observer.disconnect();
  }

  families(): readonly Family[] {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const { active, idle } = performance.eventLoopUtilization();
    const time = (state: string, ms: number): Sample => ({
      labels: ["nodejs_eventloop_state", state],
      value: ms / 1000,
    });
    return [
      ...this.#eventLoop(),
      {
        name: "nodejs_eventloop_time_seconds_total",
        type: "counter",
        merge: "sum",
        help: "How long the event loop was at work, and how long it waited.",
        samples: [time("active", active), time("idle", idle)],
      },
      gauge("v8js_memory_heap_used_bytes", "Heap in use.", heapUsed),
      gauge("v8js_memory_heap_limit_bytes", "How large the heap may become.", getHeapStatistics().heap_size_limit),
      {
        name: "v8js_gc_duration_seconds",
        type: "histogram",
        merge: "sum",
        help: "How long collections of garbage took.",
        bounds: SECONDS,
        samples: [...this.#collections].map(([kind, { sum, counts }]) => ({
          labels: ["v8js_gc_type", kind],
          value: sum,
          counts,
        })),
      },
      gauge("process_resident_memory_bytes", "Memory of the process.", rss),
      {
        name: "process_cpu_seconds_total",
        type: "counter",
        merge: "sum",
        help: "CPU time, user and system.",
        samples: [{ labels: [], value: (user + system) / 1e6 }],
      },
      gauge("process_start_time_seconds", "When it started, in seconds since 1970.", this.#startedAt, "min"),
    ];
  }

  /** Returns the delays since the previous scrape. */
  #eventLoop(): readonly Family[] {
    const now = performance.now();
    if (now - this.#askedAt < LEAST_MS) return this.#delays;
    this.#askedAt = now;
    const delay = this.#delay;
    const of = (what: string, help: string, ns: number): Family => {
      // The histogram measures the time from one timer to the next.
      const seconds = delay.count === 0 ? 0 : Math.max(0, ns / NS - RESOLUTION_MS / 1000);
      return gauge(`nodejs_eventloop_delay_${what}_seconds`, help, seconds, "max");
    };
    this.#delays = [
      of("mean", "Mean delay of timers since the last read.", delay.mean),
      of("max", "Longest delay of timers since the last read.", delay.max),
      of("p50", "The same of half of them, at most.", delay.percentile(50)),
      of("p90", "The same of 90 % of them, at most.", delay.percentile(90)),
      of("p99", "The same of 99 % of them, at most.", delay.percentile(99)),
    ];
    delay.reset();
    return this.#delays;
  }

  #collected(entry: PerformanceEntry & { readonly detail?: unknown }): void {
    const kind = KINDS.get((entry.detail as { readonly kind?: number } | undefined)?.kind ?? 0) ?? "other";
    let histogram = this.#collections.get(kind);
    if (histogram === undefined) {
      histogram = new Histogram();
      this.#collections.set(kind, histogram);
    }
    histogram.record(entry.duration);
  }
}

function gauge(name: string, help: string, value: number, merge: Family["merge"] = "sum"): Family {
  return { name, help, type: "gauge", merge, samples: [{ labels: [], value }] };
}

const KINDS = new Map<number, string>([
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
]);
