import type { Purges } from "@protobff/runtime/internal/cache/purges";
import type { Family } from "../metrics/snapshot.ts";

/** Returns the metrics of tags and purges. */
export function purgeFamilies({ counts }: Purges): readonly Family[] {
  const counter = (name: string, help: string, label: string, values: Iterable<readonly [string, number]>): Family => ({
    name,
    type: "counter",
    help,
    merge: "sum",
    samples: Array.from(values, ([key, value]) => ({ labels: [label, key], value })),
  });
  return [
    counter("bff_cache_purges_total", "Purges of tags, by their source.", "source", Object.entries(counts.purges)),
    counter(
      "bff_cache_purged_hits_total",
      "Purged answers that were served, because of COUNT_ONLY.",
      "rpc_method",
      counts.purgedHits,
    ),
    counter(
      "bff_cache_tag_failures_total",
      "Answers that were not kept, because a tag has no value or exceeds a limit.",
      "rpc_method",
      counts.failures,
    ),
    {
      name: "bff_purge_events_failed_total",
      type: "counter",
      help: "Events that purge nothing, because they cannot be decoded or a tag has no value.",
      merge: "sum",
      samples: [{ labels: [], value: counts.eventsFailed }],
    },
  ];
}
