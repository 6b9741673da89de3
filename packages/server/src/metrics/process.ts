import {
  constants,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { byLabel, counter, gauge, histogram } from "./family.ts";
import { Histogram } from "./histogram.ts";
import type { Family } from "./snapshot.ts";

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
    return [
      ...this.#eventLoop(),
      counter(
        "nodejs_eventloop_time_seconds_total",
        "How long the event loop was at work, and how long it waited.",
        byLabel("nodejs_eventloop_state", [
          ["active", active / 1000],
          ["idle", idle / 1000],
        ]),
      ),
      gauge("v8js_memory_heap_used_bytes", "Heap in use.", heapUsed),
      gauge("v8js_memory_heap_limit_bytes", "How large the heap may become.", getHeapStatistics().heap_size_limit),
      histogram(
        "v8js_gc_duration_seconds",
        "How long collections of garbage took.",
        [...this.#collections].map(([kind, { sum, counts }]) => ({
          labels: ["v8js_gc_type", kind],
          value: sum,
          counts,
        })),
      ),
      gauge("process_resident_memory_bytes", "Memory of the process.", rss),
      counter("process_cpu_seconds_total", "CPU time, user and system.", (user + system) / 1e6),
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

const KINDS = new Map<number, string>([
  [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
  [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
]);
