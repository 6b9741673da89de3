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
  const shard = extra?.shard && settled(batch, extra.shard);
  const id = shard === undefined ? rest : `${"name" in shard ? shard.name : identity(shard.by)} ${rest}`;
  const groups = all.get(batch);
  const known = groups?.get(id);
  if (known !== undefined) return known;
  const collector = new Collector(root, batch, group, { retryIf: extra?.retryIf, shard });
  if (groups === undefined) all.set(batch, new Map([[id, collector]]));
  else groups.set(id, collector);
  return collector;
}

/**
 * Returns the name of a key's shard, so that keys of one shard are sent together and are hashed once. A choice without a
 * shard stays, and fails when it is sent. Undefined: the upstream has no shards.
 */
function settled({ rpc }: AnyBatch, choice: ShardChoice): ShardChoice | undefined {
  if (rpc.shards === undefined) return undefined;
  try {
    return { name: shardOf(rpc, () => choice).upstream.shard ?? "" };
  } catch {
    return choice;
  }
}
