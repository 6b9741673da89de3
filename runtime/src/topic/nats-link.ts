// The connection to NATS as logs of items use it.
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { LimitFunction } from "p-limit";
import type { Clock } from "../clock.ts";
import type { StreamFacts } from "./stream-facts.ts";

/** An established connection, with its JetStream clients. */
export interface Link {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
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
