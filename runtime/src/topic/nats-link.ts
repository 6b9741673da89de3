// The connection to NATS as logs of items use it.
import type { ConsumerConfig, ConsumerInfo, JetStreamClient, JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import type { LimitFunction } from "p-limit";
import type { Clock } from "../clock.ts";
import type { StreamFacts } from "./stream-facts.ts";

/** The part of a message that logs read. */
export type StoredMessage = Pick<StoredMsg, "seq" | "subject" | "data">;

/** An established connection, with its JetStream clients. */
export interface Link {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Whether a consumer may have several subjects: nats-server 2.10 and later. */
  lists: boolean;
  /**
   * Adds a consumer with several subjects. The client's method needs a right that consumers of one subject do not need.
   *
   * @throws Error if the server refuses it, or lacks such consumers
   */
  addMany(stream: string, config: Partial<ConsumerConfig>): Promise<ConsumerInfo>;
}
/** Receives the loss and the return of the connection. */
export interface LinkListener {
  up(link: Link): void;
  down(): void;
}

export interface NatsLinks {
  readonly clock: Clock;
  /** Bounds the number of tails that begin at once. */
  readonly limit: LimitFunction;
  /** Undefined while NATS is unavailable. */
  readonly link: Link | undefined;
  addListener(listener: LinkListener): void;
  removeListener(listener: LinkListener): void;
  /**
   * Returns the facts of a stream.
   *
   * @param fresh true to fetch them after this moment; otherwise they may be a second old
   * @throws Unusable for a stream that does not exist, or cannot be read
   */
  facts(link: Link, stream: string, fresh: boolean): Promise<StreamFacts>;
  /** Adds work that must end before the connection closes. Its failure is ignored. */
  lastly(doing: Promise<unknown>): void;
}
