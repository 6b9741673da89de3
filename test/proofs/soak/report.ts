// Compares the results of a soak with the limits.

import type { Tally } from "./clients.ts";
import type { Held } from "./probe.ts";

export interface Sample {
  /** Sent since the start. */
  readonly requests: number;
  readonly held: Held;
  /** Streams and connections that stand open at the upstreams. */
  readonly streams: number;
  readonly sessions: number;
}

export interface SoakReport extends Readonly<Tally> {
  /** Calls that reached upstreams. */
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly services: number;
  /** The first after the warm-up. */
  readonly samples: readonly Sample[];
  /** "0" when the process ended in order. */
  readonly exit: string;
}

export interface Row {
  readonly what: string;
  readonly start: string;
  readonly end: string;
  readonly allowed: string;
  readonly ok: boolean;
}

const MIB = 1 << 20;
/** Per 100,000 requests. */
const MAX_GROWTH = MIB;
/**
 * Difference between two collections of a process at rest, in bytes: on short runs it would be megabytes per 100,000
 * requests.
 */
const NOISE = 512 * 1024;
/** Living objects that come and go with no request: what the garbage collector has not got to yet. */
const FEW = 64;

export function rowsOf({ samples, services, exit, requests, answers, degraded }: SoakReport): Row[] {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 4) {
    return [{ what: "samples", start: "", end: `${samples.length}`, allowed: "4 or more", ok: false }];
  }
  const atMost = (what: string, start: number, end: number, most: number): Row => ({
    what,
    start: `${start}`,
    end: `${end}`,
    allowed: `${most}`,
    ok: end <= most,
  });
  const kinds = new Set([...Object.keys(first.held.handles), ...Object.keys(last.held.handles)]);
  const handles = [...kinds].map((kind) => {
    const [start = 0, end = 0] = [first.held.handles[kind], last.held.handles[kind]];
    return atMost(`handles: ${kind}`, start, end, start);
  });
  const objects = Object.entries(last.held.objects).map(([kind, end]) => {
    const start = first.held.objects[kind] ?? 0;
    return atMost(`living objects: ${kind}`, start, end, start + FEW);
  });
  return [
    ...handles,
    atMost("listeners", first.held.listeners, last.held.listeners, first.held.listeners),
    atMost("connections to upstreams", first.sessions, last.sessions, services),
    atMost("calls at upstreams", first.streams, last.streams, 0),
    ...objects,
    growth("heap", samples, ({ heapBytes }) => heapBytes),
    growth("buffers", samples, ({ bufferBytes }) => bufferBytes),
    {
      what: "answered",
      start: "",
      end: `${answers + degraded}`,
      allowed: "a third or more",
      ok: answers + degraded > requests / 3,
    },
    { what: "exit code", start: "", end: exit, allowed: "0", ok: exit === "0" },
  ];
}

/** The median of all slopes between two samples (Theil and Sen): no single sample decides. */
function growth(what: string, samples: readonly Sample[], bytesOf: (held: Held) => number): Row {
  const points = samples.map(({ requests, held }) => ({ requests, bytes: bytesOf(held) }));
  const slopes = points.flatMap((from, i) =>
    points.slice(i + 1).map((to) => (to.bytes - from.bytes) / Math.max(1, to.requests - from.requests)),
  );
  const slope = slopes.toSorted((a, b) => a - b)[slopes.length >> 1] ?? 0;
  const [first, last] = [points[0], points.at(-1)];
  const total = slope * ((last?.requests ?? 0) - (first?.requests ?? 0));
  const per = slope * 100_000;
  const mib = (bytes: number) => (bytes / MIB).toFixed(2);
  return {
    what: `${what}, MiB (${per < 0 ? "" : "+"}${mib(per)} per 100,000 requests)`,
    start: mib(first?.bytes ?? 0),
    end: mib(last?.bytes ?? 0),
    allowed: `+${mib(MAX_GROWTH)} per 100,000, or +${mib(NOISE)} in all`,
    ok: per < MAX_GROWTH || total < NOISE,
  };
}

/** For people. */
export function described(report: SoakReport, seconds: number): string {
  const { requests, answers, degraded, statuses, calls, faults } = report;
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${count} ${name}`)
      .join(", ");
  const rows = [{ what: "", start: "start", end: "end", allowed: "allowed", ok: true }, ...rowsOf(report)];
  const columns = (["what", "start", "end", "allowed"] as const).map((name) => ({
    name,
    width: Math.max(...rows.map((row) => row[name].split("\n")[0]?.length ?? 0)),
  }));
  const table = rows.map((row, i) => {
    const cells = columns.map(({ name, width }) => (row[name].split("\n")[0] ?? "").padEnd(width));
    return `${cells.join("  ")}  ${i === 0 ? "" : row.ok ? "ok" : "BROKEN"}`.trimEnd();
  });
  const { exit } = report;
  return [
    `${requests} requests in ${seconds} s: ${answers} answered whole, ${degraded} degraded; ${list(statuses)}`,
    `${calls} upstream calls; faults: ${list(faults)}`,
    "",
    ...table,
    ...(exit === "0" ? [] : ["", exit]),
  ].join("\n");
}
