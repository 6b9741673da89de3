// Samples of a server's metrics, as the admin port has them.

/** Values by series: `bff_requests_in_flight{rpc_method="a.v1.A/Get"}`. */
export type Samples = ReadonlyMap<string, number>;

export async function samplesAt(url: string): Promise<Samples> {
  return samplesOf(await (await fetch(url, { headers: { connection: "close" } })).text());
}

/** @param text in Prometheus' format */
export function samplesOf(text: string): Samples {
  return new Map(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, series = "", value]) => [series, Number(value)]),
  );
}

/** Returns the sum of the series with this beginning and these labels. */
export function summed(samples: Samples, metric: string, ...labels: readonly string[]): number {
  let sum = 0;
  for (const [series, value] of samples)
    if (series.startsWith(`${metric}{`) && labels.every((label) => series.includes(label))) sum += value;
  return sum;
}
