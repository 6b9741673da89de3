import type { WaitCounts } from "@protobff/runtime/internal/cache/lease/leased-level";
import type { Purges } from "@protobff/runtime/internal/cache/purges";
import { byLabel, counter } from "../metrics/family.ts";
import type { Family } from "../metrics/snapshot.ts";

/** Returns the metrics of tags and purges. */
export function purgeFamilies({ counts }: Purges): readonly Family[] {
  const bySource = byLabel("source", Object.entries(counts.purges));
  return [
    counter("bff_cache_purges_total", "Purges of tags, by their source.", bySource),
    counter(
      "bff_cache_purged_hits_total",
      "Purged answers that were served, because of COUNT_ONLY.",
      byLabel("rpc_method", counts.purgedHits),
    ),
    counter(
      "bff_cache_tag_failures_total",
      "Answers that were not kept, because a tag has no value or exceeds a limit.",
      byLabel("rpc_method", counts.failures),
    ),
    counter(
      "bff_purge_events_failed_total",
      "Events that purge nothing, because they cannot be decoded or a tag has no value.",
      counts.eventsFailed,
    ),
  ];
}

/** Returns the metric of waits for fetches of other processes. */
export const waitFamily = (counts: WaitCounts): Family =>
  counter(
    "bff_cache_waits_total",
    "Waits for a fetch of another process, by their ends. All but `found` fetch, too.",
    byLabel("end", Object.entries(counts)),
  );
