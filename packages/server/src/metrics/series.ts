import { counter } from "./family.ts";
import type { Family, Sample } from "./snapshot.ts";

/**
 * Maximum number of series of one counter. Further ones are counted as one. The plan bounds its names, but recursive
 * messages have paths without end.
 */
const MAX_SERIES = 2_000;

/** A counter with labels, of what happens seldom or has few of them. */
export class Counter {
  readonly #name: string;
  readonly #help: string;
  readonly #labels: readonly string[];
  readonly #most: number;
  readonly #series = new Map<string, { readonly labels: readonly string[]; value: number }>();
  readonly #rest = { labels: ["left_out", "true"], value: 0 };

  /** @param labels names, in the order of the values of `add` */
  constructor(name: string, help: string, labels: readonly string[], most: number = MAX_SERIES) {
    this.#name = name;
    this.#help = help;
    this.#labels = labels;
    this.#most = most;
  }
  /** Adds one to the series. */
  add(...values: readonly string[]): void {
    this.#of(values).value++;
  }
  /** Adds a number above 0 to the series. */
  addNumber(value: number, ...values: readonly string[]): void {
    this.#of(values).value += value;
  }
  /**
   * Creates the series with 0. Otherwise Prometheus would see no increase from its first event. Returns true if the
   * series is new.
   */
  begin(...values: readonly string[]): boolean {
    const { size } = this.#series;
    if (size < this.#most) this.#of(values);
    return this.#series.size > size;
  }
  #of(values: readonly string[]): { value: number } {
    const key = values.length === 1 ? (values[0] ?? "") : values.join("\0");
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= this.#most) series = this.#rest;
      else {
        series = { labels: labelled(this.#labels, values), value: 0 };
        this.#series.set(key, series);
      }
    }
    return series;
  }
  get family(): Family {
    const samples: Sample[] = [...this.#series.values()].map(({ labels, value }) => ({ labels, value }));
    if (this.#rest.value > 0) samples.push({ ...this.#rest });
    return counter(this.#name, this.#help, samples);
  }
}

/** Names and values in turn; what is "" is left out. */
export function labelled(names: readonly string[], values: readonly string[]): readonly string[] {
  return names.flatMap((name, i) => {
    const value = values[i] ?? "";
    return value === "" ? [] : [name, value];
  });
}

/** Adds up samples with the same labels. */
export function addedUp(samples: readonly Sample[]): readonly Sample[] {
  const all = new Map<string, Sample>();
  for (const { labels, value } of samples) {
    const key = labels.join("\0");
    all.set(key, { labels, value: value + (all.get(key)?.value ?? 0) });
  }
  return [...all.values()];
}
