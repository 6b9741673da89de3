import type { JetStreamManager } from "@nats-io/jetstream";
import type { Clock } from "../clock.ts";

const { JetStreamApiError } = await import("@nats-io/jetstream"); // no declaration, for bundles in one file

/** Facts about a JetStream stream that a process needs. */
export interface StreamFacts {
  /** Creation time of the stream. Sequence numbers of another stream are meaningless. */
  readonly epoch: string;
}

/** A stream that cannot be followed before an operator repairs it. */
export class Unusable extends Error {}

/**
 * Shortest interval between requests for a stream's facts, in milliseconds. Requests for the current state are exempt.
 */
const FRESH_MS = 1_000;

interface Known {
  readonly startedAt: number;
  readonly facts: Promise<StreamFacts>;
  answered: boolean;
}

/** The streams of JetStream by name. */
export class StreamNames {
  readonly #clock: Clock;
  readonly #fault: (message: string, cause: unknown) => void;
  readonly #known = new Map<string, Known>();
  readonly #next = new Map<string, Promise<StreamFacts>>();
  readonly #reported = new Map<string, string>();

  constructor(clock: Clock, fault: (message: string, cause: unknown) => void) {
    this.#clock = clock;
    this.#fault = fault;
  }
  forget(): void {
    this.#known.clear();
  }
  facts(jsm: JetStreamManager, stream: string, fresh: boolean): Promise<StreamFacts> {
    const known = this.#known.get(stream);
    if (known === undefined || (known.answered && (fresh || this.#clock.now() - known.startedAt >= FRESH_MS))) {
      return this.#fetch(jsm, stream);
    }
    if (!fresh || known.answered) return known.facts;
    // The request in flight may have been answered before. All requests meanwhile share the next one.
    const next = this.#next.get(stream) ?? known.facts.then(ignore, ignore).then(() => this.#fetch(jsm, stream));
    this.#next.set(stream, next);
    return next;
  }
  #fetch(jsm: JetStreamManager, stream: string): Promise<StreamFacts> {
    this.#next.delete(stream);
    const known: Known = { startedAt: this.#clock.now(), facts: this.#read(jsm, stream), answered: false };
    this.#known.set(stream, known);
    const answered = (): void => {
      known.answered = true;
    };
    known.facts.then(answered, answered);
    return known.facts;
  }
  async #read(jsm: JetStreamManager, stream: string): Promise<StreamFacts> {
    try {
      const { created, config } = await jsm.streams.info(stream);
      if (config.allow_direct !== true) throw this.#unusable(stream, "does not allow direct access; set allow_direct");
      this.#reported.delete(stream);
      return { epoch: created };
    } catch (error) {
      const missing = error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;
      throw missing ? this.#unusable(stream, "is not there; topics need it, and no server makes it") : error;
    }
  }
  #unusable(stream: string, why: string): Unusable {
    if (this.#reported.get(stream) !== why) this.#fault(`the JetStream stream ${stream} ${why}`, undefined);
    this.#reported.set(stream, why);
    return new Unusable(`the stream ${stream} ${why}`);
  }
}
const STREAM_NOT_FOUND = 10_059;
const ignore = (): void => {};
