// Whether a mirror may serve: its answers, compared with those that were served, without noise.
import type { Metric } from "./read-metrics.ts";

/** Counts of all servers for one mirror, and the conclusion. */
export interface MirrorVerdict {
  readonly upstream: string;
  readonly branch: string;
  readonly counts: Readonly<Record<Outcome, number>>;
  /** Dropped copies by reason, without those of earlier servers, which have no reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** The paths that differ, those of most pairs first. */
  readonly paths: readonly PathVerdict[];
  /** Milliseconds; NaN without compared calls. */
  readonly p99: { readonly served: number; readonly mirror: number };
  /** Reasons against serving; empty: it may serve. */
  readonly problems: readonly string[];
}
const OUTCOMES = ["same", "differs", "failed", "dropped", "copied"] as const;
type Outcome = (typeof OUTCOMES)[number];
const DROP_REASONS = ["busy", "breaker", "size", "unanswered"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** Differences at a path. */
interface PathVerdict {
  /** With the method in front: `GetItem price`. */
  readonly path: string;
  /** Pairs that differ, and all compared ones. */
  readonly mirror: Pairs;
  readonly control: Pairs;
  /** True if the address that serves differs from itself as often. */
  readonly noise: boolean;
}

interface Pairs {
  readonly differ: number;
  readonly all: number;
}

/** Conditions for the verdict. */
interface Conditions {
  /** Least number of compared calls. */
  readonly min: number;
  /** Most that the mirror's p99 may be, as a multiple of the p99 that was served. */
  readonly maxP99?: number | undefined;
}

/** Highest share of copies without an answer. */
const MAX_FAILED_SHARE = 0.001;
/** Thresholds of Diffy: a path is no noise if its share in mirrors is larger than in control pairs by these. */
const RELATIVE = 0.2;
const ABSOLUTE = 0.0003;

/** Returns a verdict for each mirror. Samples of several servers are added up. */
export function verdictsOf(metrics: readonly Metric[], conditions: Conditions): readonly MirrorVerdict[] {
  const keyOf = ({ labels }: Metric): string => `${labels.get("upstream") ?? ""} ${labels.get("branch") ?? ""}`;
  const known = metrics.filter(({ labels }) => labels.has("upstream"));
  return [...Map.groupBy(known, keyOf).values()].map((of) => verdictOf(of, conditions));
}

function verdictOf(metrics: readonly Metric[], conditions: Conditions): MirrorVerdict {
  const [first] = metrics;
  const outcome = (name: string, value: string): number => sum(metrics, name, ["outcome", value]);
  const counts = Object.fromEntries(OUTCOMES.map((name) => [name, outcome("bff_mirror_total", name)]));
  const found = {
    upstream: first?.labels.get("upstream") ?? "",
    branch: first?.labels.get("branch") ?? "",
    counts: counts as Readonly<Record<Outcome, number>>,
    dropped: Object.fromEntries(
      DROP_REASONS.map((name) => [name, sum(metrics, "bff_mirror_dropped_total", ["reason", name])]),
    ) as Readonly<Record<DropReason, number>>,
    paths: pathsOf(metrics),
    p99: { served: p99Of(metrics, "served"), mirror: p99Of(metrics, "mirror") },
  };
  return { ...found, problems: problemsOf(found, conditions) };
}

const sum = (metrics: readonly Metric[], name: string, [label, value]: readonly [string, string]): number =>
  metrics
    .filter((metric) => metric.name === name && metric.labels.get(label) === value)
    .reduce((all, metric) => all + metric.value, 0);

function pathsOf(metrics: readonly Metric[]): readonly PathVerdict[] {
  const methodOf = ({ labels }: Metric): string => labels.get("rpc_method") ?? "";
  return [...Map.groupBy(metrics, methodOf)]
    .flatMap(([method, of]) => {
      const pairs = (name: string): number =>
        sum(of, name, ["outcome", "same"]) + sum(of, name, ["outcome", "differs"]);
      const all = { mirror: pairs("bff_mirror_total"), control: pairs("bff_mirror_control_total") };
      const differs = of.filter(({ name }) => name === "bff_mirror_differs_total");
      const at = (path: string, pair: string): number =>
        sum(
          differs.filter(({ labels }) => labels.get("pair") === pair),
          "bff_mirror_differs_total",
          ["path", path],
        );
      return [...new Set(differs.map(({ labels }) => labels.get("path") ?? ""))].map((path): PathVerdict => {
        const mirror = { differ: at(path, "mirror"), all: all.mirror };
        const control = { differ: at(path, "control"), all: all.control };
        const noise = isNoise(shareOf(mirror), shareOf(control));
        return { path: `${method.slice(method.lastIndexOf("/") + 1)} ${path}`, mirror, control, noise };
      });
    })
    .filter(({ mirror }) => mirror.differ > 0)
    .sort((a, b) => b.mirror.differ - a.mirror.differ);
}

const shareOf = ({ differ, all }: Pairs): number => (all === 0 ? 0 : differ / all);

/** @param mirror shares of the pairs that differ */
export function isNoise(mirror: number, control: number): boolean {
  if (control === 0) return false;
  return !((mirror - control) / (mirror + control) > RELATIVE && mirror - control > ABSOLUTE);
}

/** Returns the 99th percentile, linear within its bucket as in Prometheus' histogram_quantile, in milliseconds. */
function p99Of(metrics: readonly Metric[], side: string): number {
  const below = new Map<number, number>();
  for (const { name, labels, value } of metrics) {
    if (name !== "bff_mirror_duration_seconds_bucket" || labels.get("side") !== side) continue;
    const bound = Number((labels.get("le") ?? "").replace("+Inf", "Infinity"));
    below.set(bound, (below.get(bound) ?? 0) + value);
  }
  const buckets = [...below].sort(([a], [b]) => a - b);
  const rank = 0.99 * (buckets.at(-1)?.[1] ?? Number.NaN);
  const index = buckets.findIndex(([, count]) => count >= rank);
  const [bound = Number.NaN, count = 0] = buckets[index] ?? [];
  const [lower = 0, before = 0] = buckets[index - 1] ?? [];
  if (bound === Number.POSITIVE_INFINITY) return lower * 1000;
  return (lower + ((bound - lower) * (rank - before)) / (count - before)) * 1000;
}

function problemsOf(
  { counts, paths, p99 }: Omit<MirrorVerdict, "problems">,
  { min, maxP99 }: Conditions,
): readonly string[] {
  const compared = counts.same + counts.differs;
  const answered = compared + counts.copied;
  const differing = paths.filter(({ noise }) => !noise);
  return [
    ...(compared < min ? [`${compared} of the ${min} calls are compared`] : []),
    ...(differing.length > 0 ? [`answers differ at ${differing.map(({ path }) => path).join(", ")}`] : []),
    ...(counts.failed > MAX_FAILED_SHARE * (answered + counts.failed) ? [`${counts.failed} copies had no answer`] : []),
    ...(maxP99 !== undefined && !(p99.mirror <= maxP99 * p99.served)
      ? [`its p99 of ${Math.round(p99.mirror)} ms is above ${maxP99} times ${Math.round(p99.served)} ms`]
      : []),
  ];
}
