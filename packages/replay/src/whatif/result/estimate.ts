// Estimates from independent runs, with intervals of confidence.

/** A mean of runs with half the width of its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** 97.5 % quantiles of Student's t distribution, for 1 to 30 degrees of freedom. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Returns the estimate of a value that was computed once for each run. */
export function estimateOf(values: readonly number[], value = mean(values)): Estimate {
  const count = values.length;
  if (count < 2) return { value, error: Number.NaN };
  const center = mean(values);
  const variance = values.reduce((sum, each) => sum + (each - center) ** 2, 0) / (count - 1);
  return { value, error: (T[count - 2] ?? 1.96) * Math.sqrt(variance / count) };
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param ascending sorted values */
export function quantile(ascending: readonly number[], share: number): number {
  const at = share * (ascending.length - 1);
  const low = ascending[Math.floor(at)] ?? Number.NaN;
  const high = ascending[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
