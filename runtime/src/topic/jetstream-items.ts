// A log of items in JetStream as its readers and tails use it.
import type { Failure } from "../failure.ts";
import type { SharedConsumers } from "./consumers/shared-consumers.ts";
import type { Entry } from "./log.ts";
import type { Link, NatsLinks, StoredMessage } from "./nats-link.ts";

export interface JetStreamItems<Item> {
  readonly nats: NatsLinks;
  /** The name of the stream. */
  readonly stream: string;
  /** Consumers of this process, on the server. */
  consumers: number;
  readonly shared: SharedConsumers;
  entry(stored: StoredMessage): Entry<Item>;
  /**
   * Whether the stream still holds everything after a sequence number: its item is still kept, or an older one of the key, because the oldest
   * items are dropped first.
   *
   * @param seq 0: no item was received
   */
  isWhole(link: Link, subject: string, seq: number): Promise<boolean>;
  /** The failure of a log that cannot be read for now. */
  unavailable(message: string): Failure;
}
