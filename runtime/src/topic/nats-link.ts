// The connection to NATS as logs of items use it.
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { LimitFunction } from "p-limit";
import type { Clock } from "../clock.ts";
import type { StreamFacts } from "./stream-facts.ts";

/** A connection that stands, and what is asked over it. */
export interface Link {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
}
/** Hears when the connection is lost, and when it is there again. */
export interface LinkListener {
  up(link: Link): void;
  down(): void;
}

export interface NatsLinks {
  readonly clock: Clock;
  /** Bounds how many tails begin at once. */
  readonly limit: LimitFunction;
  /** Undefined: NATS is away. */
  readonly link: Link | undefined;
  hear(hears: LinkListener): void;
  unhear(hears: LinkListener): void;
  /**
   * The facts of a stream.
   *
   * @param fresh fetched after this moment; otherwise they may be a second old
   * @throws Unusable for a stream that does not exist, or cannot be read
   */
  facts(link: Link, stream: string, fresh: boolean): Promise<StreamFacts>;
  /** Adds work that ends before the connection closes, and whose failure harms nobody. */
  lastly(doing: Promise<unknown>): void;
}
