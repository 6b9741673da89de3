/** All counters at one moment, as plain data that processes can exchange. */
export interface MetricsSnapshot {
  readonly families: readonly Family[];
}

/** One metric, with a sample for each set of labels. */
export interface Family {
  /** Name in Prometheus; for a counter, with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Merge of a gauge over several processes. Counters and histograms are added up. */
  readonly merge: "sum" | "max" | "min";
  /** Inclusive upper bounds of a histogram's buckets, except for the last bucket, which has none. */
  readonly bounds?: readonly number[] | undefined;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Names and values in turn; without those that are "". */
  readonly labels: readonly string[];
  /** Value; for a histogram, the sum of the measurements. */
  readonly value: number;
  /** Count of each bucket of a histogram, not cumulative. There is one more bucket than bounds. */
  readonly counts?: readonly number[] | undefined;
}

/** Merges the snapshots of several processes, in order of first appearance. */
export function mergeSnapshots(all: readonly MetricsSnapshot[]): MetricsSnapshot {
  const families = new Map<string, Merging>();
  for (const { families: found } of all) {
    for (const family of found) {
      const known = families.get(family.name);
      if (known === undefined) families.set(family.name, new Merging(family));
      else known.add(family);
    }
  }
  return { families: [...families.values()].map((merging) => merging.family) };
}

class Merging {
  readonly #first: Family;
  readonly #samples = new Map<string, Sample>();

  constructor(first: Family) {
    this.#first = first;
    this.add(first);
  }
  add({ samples }: Family): void {
    for (const sample of samples) {
      const key = sample.labels.join("\0");
      const known = this.#samples.get(key);
      this.#samples.set(key, known === undefined ? sample : this.#both(known, sample));
    }
  }
  #both(sample: Sample, other: Sample): Sample {
    const { merge } = this.#first;
    const value = merge === "sum" ? sample.value + other.value : Math[merge](sample.value, other.value);
    if (sample.counts === undefined) return { labels: sample.labels, value };
    return { labels: sample.labels, value, counts: sample.counts.map((count, i) => count + (other.counts?.[i] ?? 0)) };
  }
  get family(): Family {
    return { ...this.#first, samples: [...this.#samples.values()] };
  }
}
