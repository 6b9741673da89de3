// The collectors of one response: keys that may be sent together share one.
import { type AnyBatch, Collector, identity, type LoadExtra } from "./batch.ts";
import type { CallContext } from "./context.ts";
import type { ShardChoice } from "./policy.ts";
import { shardOf } from "./shards.ts";

/** The collectors of one response, by batch and by the identity of the group and of the shard. */
export type Collectors = Map<AnyBatch, Map<string, Collector>>;

/** Returns the collector for the keys of this batch, this group and this shard; the first key creates it. */
export function collectorOf(
  all: Collectors,
  root: CallContext,
  batch: AnyBatch,
  group: unknown,
  extra: LoadExtra | undefined,
): Collector {
  const rest = group === undefined ? "" : identity(group);
  const id = extra?.shard === undefined ? rest : `${placeOf(batch, extra.shard)} ${rest}`;
  const groups = all.get(batch);
  const known = groups?.get(id);
  if (known !== undefined) return known;
  const collector = new Collector(root, batch, group, extra);
  if (groups === undefined) all.set(batch, new Map([[id, collector]]));
  else groups.set(id, collector);
  return collector;
}

/** Returns the name of a shard, so that its keys are sent together. A choice without a shard fails when it is sent. */
function placeOf({ rpc }: AnyBatch, choice: ShardChoice): string {
  if (rpc.shards === undefined) return "";
  try {
    return shardOf(rpc, () => choice).upstream.shard ?? "";
  } catch {
    return identity(choice);
  }
}
