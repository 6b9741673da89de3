/** Source of a purge, as a label of metrics. */
type PurgeSource = "admin" | "event";

/** Counters of tags and purges, for metrics. Methods are `package.Service/Method`. */
export class PurgeCounts {
  readonly purges: Record<PurgeSource, number> = { admin: 0, event: 0 };
  /** Events that purge nothing, because they cannot be decoded or a tag has no value. */
  eventsFailed = 0;
  readonly failures = new Map<string, number>();
  readonly purgedHits = new Map<string, number>();

  /** A tag of an answer has no value, or exceeds a limit. */
  tagFailed(method: string): void {
    this.failures.set(method, (this.failures.get(method) ?? 0) + 1);
  }
  /** A purged answer was served, because its policy only counts. */
  purgedHit(method: string): void {
    this.purgedHits.set(method, (this.purgedHits.get(method) ?? 0) + 1);
  }
}
