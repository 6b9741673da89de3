// Copies of calls for mirrors. They are in no other metric of calls.

import type { MirrorEvent } from "@protobff/runtime/internal/observer-calls";
import { histogram } from "./family.ts";
import { Histogram } from "./histogram.ts";
import { Counter } from "./series.ts";
import type { Family, Sample } from "./snapshot.ts";

const LABELS = ["rpc_method", "upstream", "branch"];

export class MirrorMetrics {
  readonly #outcomes = {
    mirror: new Counter("bff_mirror_total", "Copies of calls for mirrors, by outcome.", [...LABELS, "outcome"]),
    control: new Counter(
      "bff_mirror_control_total",
      "Copies of calls for the address that serves, which measure how often its own answers differ.",
      [...LABELS, "outcome"],
    ),
  };
  readonly #dropped = new Counter("bff_mirror_dropped_total", "Dropped copies of calls for mirrors, by reason.", [
    ...LABELS,
    "reason",
  ]);
  readonly #differences = new Counter(
    "bff_mirror_differs_total",
    "Pairs of answers that differ at a path, of mirrors and of control pairs.",
    [...LABELS, "path", "pair"],
  );
  /** By labels. */
  readonly #durations = new Map<string, { readonly labels: readonly string[]; readonly histogram: Histogram }>();

  add({ service, branch, method, pair, outcome, reason, differences, servedMs, copyMs }: MirrorEvent): void {
    const values = [method, service, branch];
    this.#outcomes[pair].add(...values, outcome);
    if (pair === "mirror" && reason !== undefined) this.#dropped.add(...values, reason);
    for (const { path } of differences) this.#differences.add(...values, path, pair);
    if (pair === "control" || (outcome !== "same" && outcome !== "differs")) return;
    for (const [side, ms = 0] of [["served", servedMs] as const, ["mirror", copyMs] as const])
      this.#histogram(...values, side).record(ms);
  }
  #histogram(...values: readonly string[]): Histogram {
    const key = values.join("\0");
    let found = this.#durations.get(key);
    if (found === undefined) {
      const labels = [...LABELS, "side"].flatMap((name, i) => [name, values[i] ?? ""]);
      found = { labels, histogram: new Histogram() };
      this.#durations.set(key, found);
    }
    return found.histogram;
  }
  get families(): readonly Family[] {
    const samples = [...this.#durations.values()].map(
      ({ labels, histogram }): Sample => ({ labels, value: histogram.sum, counts: histogram.counts }),
    );
    return [
      this.#outcomes.mirror.family,
      this.#outcomes.control.family,
      this.#dropped.family,
      this.#differences.family,
      histogram(
        "bff_mirror_duration_seconds",
        "How long compared calls took, and how long their copies took.",
        samples,
      ),
    ];
  }
}
