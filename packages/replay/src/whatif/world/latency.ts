// Distributions of latencies, by their quantile functions. Times are in milliseconds.

/** Returns the latency that a share of the answers, from 0 to 1, does not exceed. */
export type Latency = (share: number) => number;

/** 99 % quantile of the standard normal distribution. */
const Z99 = 2.3263478740408408;

/** Returns a log-normal distribution by its median and its 99th percentile; equal values are a constant. */
export function logNormal(p50: number, p99: number): Latency {
  const sigma = Math.log(p99 / p50) / Z99;
  return (share) => p50 * Math.exp(sigma * normalQuantile(share));
}

/** A latency that was measured, or its lower bound. */
export interface Observed {
  readonly ms: number;
  /** False: the caller gave up after this time. */
  readonly ended: boolean;
}

/**
 * Returns the distribution of measured latencies, by the estimator of Kaplan and Meier (1958), which takes attempts that
 * were given up into account. If the longest attempts were given up, the tail continues with the slope of the highest
 * tenth before it. Undefined: no attempt has ended.
 */
export function measured(observed: readonly Observed[]): Latency | undefined {
  const all = observed.toSorted((a, b) => a.ms - b.ms || Number(b.ended) - Number(a.ended));
  const times: number[] = [];
  const shares: number[] = [];
  let survival = 1;
  for (const [i, { ms, ended }] of all.entries()) {
    if (!ended) continue;
    survival *= 1 - 1 / (all.length - i);
    times.push(ms);
    shares.push(1 - survival);
  }
  const last = times.length - 1;
  if (last < 0) return undefined;
  const top = shares[last] ?? 1;
  const slope = tailSlope(times, shares);
  return (share) => {
    if (share > top) return (times[last] ?? 0) * ((1 - top) / Math.max(1 - share, 1e-9)) ** slope;
    const at = firstAtLeast(shares, share);
    const [from, to] = [shares[at - 1] ?? 0, shares[at] ?? 1];
    const [low, high] = [times[at - 1] ?? times[0] ?? 0, times[at] ?? 0];
    return low + (high - low) * (to > from ? (share - from) / (to - from) : 1);
  };
}

/** Returns the exponent with which latencies grow by 1 / (1 - share), from the highest tenth of the measured shares. */
function tailSlope(times: readonly number[], shares: readonly number[]): number {
  const last = times.length - 1;
  const from = firstAtLeast(shares, (shares[last] ?? 0) * 0.9);
  const [lowRest, highRest] = [1 - (shares[from] ?? 0), 1 - (shares[last] ?? 0)];
  const [low, high] = [times[from] ?? 0, times[last] ?? 0];
  if (low <= 0 || high <= low || highRest <= 0 || lowRest <= highRest) return 0.5;
  return Math.min(2, Math.log(high / low) / Math.log(lowRest / highRest));
}

/** One bucket of a histogram: the count of latencies up to `ms` that no lower bucket has. */
interface Bucket {
  readonly ms: number;
  readonly count: number;
}

/**
 * Returns the distribution of a histogram, by logarithmic interpolation in its buckets. Latencies beyond the last finite
 * bound are up to twice that bound. Undefined: it is empty.
 */
export function ofBuckets(buckets: readonly Bucket[]): Latency | undefined {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (!(total > 0)) return undefined;
  return (share) => {
    let below = 0;
    let low = 0;
    for (const { ms, count } of buckets) {
      const part = (share * total - below) / count;
      const high = Number.isFinite(ms) ? ms : low * 2;
      if (count > 0 && part <= 1) return low > 0 ? low * (high / low) ** part : high * part;
      below += count;
      low = high;
    }
    return low;
  };
}

export const scaled = (latency: Latency, factor: number): Latency =>
  factor === 1 ? latency : (share) => latency(share) * factor;

function firstAtLeast(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Quantile function of the standard normal distribution, by Acklam's approximation, with a relative error below 1.2e-9. */
export function normalQuantile(share: number): number {
  const p = Math.min(Math.max(share, 1e-12), 1 - 1e-12);
  const tail = (q: number): number =>
    (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
      2.938163982698783) /
    ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
      1)
  );
}
