// Shards of an upstream: each holds a part of the data, and a key of the call decides which shard receives it.
import { hash } from "node:crypto";
import { invalid } from "../failure.ts";
import type { CallContext } from "./context.ts";
import type { BranchContext, ShardChoice, ShardHash, ShardKey, ShardRule } from "./policy.ts";

/** A method of an upstream that may have shards. */
interface ShardedRpc<R> {
  readonly method: string;
  readonly upstream: { readonly shards: Shards<unknown> | undefined };
  readonly policy: { readonly shard?: ShardRule | undefined };
  /** The method at each shard; undefined: the upstream has no shards. */
  readonly shards: ReadonlyMap<string, R> | undefined;
}

/**
 * The shards of an upstream, in the order of their list.
 *
 * @example
 * const shards = new Shards(new Map([["a", first], ["b", second]]), "rendezvous");
 * shards.nameOf("tenant-7"); // "a" or "b"
 */
export class Shards<S> {
  readonly all: ReadonlyMap<string, S>;
  readonly #names: readonly string[];
  readonly #rule: ShardHash;
  /** Two halves of a hash for each name, the upper one first. */
  readonly #hashes: Uint32Array;

  /** @param all at least one */
  constructor(all: ReadonlyMap<string, S>, rule: ShardHash) {
    this.all = all;
    this.#names = [...all.keys()];
    this.#rule = rule;
    this.#hashes = new Uint32Array(this.#names.flatMap(hashOf));
  }
  /**
   * Returns the name of the shard that holds a key.
   *
   * @throws TypeError for a key that is no whole number, if the hash is `modulo`
   */
  nameOf(key: ShardKey): string {
    const index = this.#rule === "modulo" ? remainder(key, this.#names.length) : this.#heaviest(key);
    return this.#names[index] ?? "";
  }
  /** Returns the index of the name with the highest weight for a key; the first of equal ones. */
  #heaviest(key: ShardKey): number {
    const [upper, lower] = hashOf(key);
    const hashes = this.#hashes;
    const weight = new Uint32Array(2);
    let heaviest = 0;
    let mostUpper = -1;
    let mostLower = -1;
    for (let i = 0; i < this.#names.length; i++) {
      mix(upper ^ (hashes[2 * i] ?? 0), lower ^ (hashes[2 * i + 1] ?? 0), weight);
      const itsUpper = weight[0] ?? 0;
      const itsLower = weight[1] ?? 0;
      if (itsUpper < mostUpper || (itsUpper === mostUpper && itsLower <= mostLower)) continue;
      heaviest = i;
      mostUpper = itsUpper;
      mostLower = itsLower;
    }
    return heaviest;
  }
}

/** Returns the first 8 bytes of SHA-256 as two halves: text in UTF-8, bytes as they are, numbers in decimal. */
function hashOf(key: ShardKey): [upper: number, lower: number] {
  const digest = hash("sha256", key instanceof Uint8Array ? key : String(key), "buffer");
  return [digest.readUInt32BE(0), digest.readUInt32BE(4)];
}

/** Writes `xorshiftMult64` of github.com/dgryski/go-rendezvous, on halves because a `bigint` takes ten times as long. */
function mix(upper: number, lower: number, out: Uint32Array): void {
  const u1 = upper ^ (upper >>> 12);
  const l1 = lower ^ ((lower >>> 12) | (upper << 20));
  const u2 = u1 ^ ((u1 << 25) | (l1 >>> 7));
  const l2 = l1 ^ (l1 << 25);
  const u = u2 ^ (u2 >>> 27);
  const l = l2 ^ ((l2 >>> 27) | (u2 << 5));
  out[0] = upperProduct(l, FACTOR_LOWER) + Math.imul(u, FACTOR_LOWER) + Math.imul(l, FACTOR_UPPER);
  out[1] = Math.imul(l, FACTOR_LOWER);
}
/** The halves of 2685821657736338717. */
const FACTOR_UPPER = 0x2545f491;
const FACTOR_LOWER = 0x4f6cdd1d;

/** Returns the upper 32 bits of the product of two numbers of 32 bits. */
function upperProduct(a: number, b: number): number {
  const a1 = a >>> 16;
  const a0 = a & 0xffff;
  const b1 = b >>> 16;
  const b0 = b & 0xffff;
  const middle = a1 * b0 + Math.floor((a0 * b0) / 0x10000);
  return a1 * b1 + Math.floor((middle + a0 * b1) / 0x10000);
}

/** Returns the Euclidean remainder: never negative. */
function remainder(key: ShardKey, count: number): number {
  if (typeof key !== "bigint" && !Number.isSafeInteger(key))
    throw new TypeError("a key by remainder is a whole number");
  const divisor = BigInt(count);
  const rest = BigInt(key as bigint | number) % divisor;
  return Number(rest < 0n ? rest + divisor : rest);
}

/**
 * Returns the names of an upstream's shards, in the order of their list. An upstream without shards, such as a mock,
 * counts as one of any name.
 *
 * @example
 * const found = await Promise.all(shardNames(app.find).map((name) => cx.call(app.find, {}, { shard: { name } })));
 */
export function shardNames({ shards }: Pick<ShardedRpc<unknown>, "shards">): readonly string[] {
  return shards === undefined ? ["only"] : [...shards.keys()];
}

/**
 * Returns the method at the shard of a call; the method itself if the upstream has no shards.
 *
 * @param choice of this call alone; default: that of the method's policy
 * @throws Failure (INVALID) for an unknown name, and for a key that cannot be computed
 */
export function onItsShard<R extends ShardedRpc<R>>(
  cx: CallContext,
  rpc: R,
  request: unknown,
  choice: ShardChoice | undefined,
): R {
  if (rpc.shards === undefined) return rpc;
  const root = cx.root as CallContext & BranchContext<never>; // as for branches
  return shardOf(rpc, () => choice ?? rpc.policy.shard?.(request as never, root));
}

/**
 * Returns the method at a shard.
 *
 * @throws Failure (INVALID), as `onItsShard`
 */
export function shardOf<R extends ShardedRpc<R>>(rpc: R, choose: () => ShardChoice | undefined): R {
  let name: string | undefined;
  try {
    const choice = choose();
    if (choice !== undefined) name = "name" in choice ? choice.name : rpc.upstream.shards?.nameOf(choice.by);
  } catch (thrown) {
    throw invalid(rpc.method, `the key of its shard: ${thrown}`, thrown);
  }
  const found = name === undefined ? undefined : rpc.shards?.get(name);
  if (found !== undefined) return found;
  throw invalid(
    rpc.method,
    name === undefined ? "no key of its shard" : `no shard ${JSON.stringify(name.slice(0, 64))}`,
  );
}
