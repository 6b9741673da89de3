import type { InFlight, UnaryClient } from "@protobff/runtime/internal/transport/unary-client";

/** Client of an upstream with shards. It has no address, and all calls go to the clients of its shards. */
export class ShardedClient implements UnaryClient {
  readonly shards: ReadonlyMap<string, UnaryClient>;

  /** @param shards at least one, in the order of their list */
  constructor(shards: ReadonlyMap<string, UnaryClient>) {
    this.shards = shards;
  }
  /** @throws Error, because a call has to select a shard first */
  send(path: string): InFlight {
    throw new Error(`${path} has no shard`);
  }
  /** Does nothing, because the clients of the shards hold the certificates. */
  renew(): void {}
}
