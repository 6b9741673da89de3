import { type Shard, ShardHash, type ShardKey } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrShard, IrShardKey } from "../../ir/step.ts";
import { count, type Declared, expression, sourced } from "../values/values.ts";

/** Each shard has connections, a breaker and series of metrics. */
const MAX_SHARDS = 1_000;

/** Reads the shards of an upstream. */
export function readShard({ value, place }: Declared<Shard>, report: Report): IrShard {
  const max = count(value.max, place, "max", "write the maximum number of shards", report);
  if (max !== undefined && max.value > MAX_SHARDS)
    fault(report, "BFF189", max.at, {
      message: `"max" is ${max.value}, but an upstream has at most ${MAX_SHARDS} shards`,
      hint: `write at most ${MAX_SHARDS}`,
    });
  const hash = sourced(value.hash, place, "hash");
  if (hash?.value === ShardHash.SHARD_HASH_UNSPECIFIED)
    fault(report, "BFF189", hash.at, {
      message: '"SHARD_HASH_UNSPECIFIED" is not a rule for keys',
      hint: "write RENDEZVOUS or MODULO, or leave it out for RENDEZVOUS",
    });
  return {
    at: place.at,
    by: expression(value.by, place, "by", report),
    max,
    hash: hash && { value: hash.value === ShardHash.MODULO ? "modulo" : "rendezvous", at: hash.at },
  };
}

/** Reads the shard of one call. */
export function readShardKey({ value, place }: Declared<ShardKey>, report: Report): IrShardKey | undefined {
  const by = expression(value.by, place, "by", report);
  const name = expression(value.name, place, "name", report);
  const text = by ?? name;
  if (text !== undefined && (by === undefined || name === undefined))
    return { at: place.at, text, isName: name !== undefined };
  return fault(report, "BFF189", name?.at ?? place.at, {
    message: text === undefined ? "this shard has no key" : 'this shard has a "by" and a "name"',
    hint:
      text === undefined
        ? "write `by`, the key, or `name`, the name of a shard"
        : "leave out one of them: the key decides the shard, or the name does",
  });
}
