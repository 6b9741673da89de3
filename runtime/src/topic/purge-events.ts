import { randomUUID } from "node:crypto";
import type { ConsumerConfig, ConsumerInfo, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Timer } from "../clock.ts";
import { TROUBLE } from "./consumers/consumer.ts";
import type { Link, LinkListener, NatsLinks } from "./nats-link.ts";

const { JetStreamApiError } = await import("@nats-io/jetstream"); // no declaration, for bundles in one file

/** Events that purge tags: a subject of a JetStream stream. */
export interface PurgeEventsSpec {
  /** May have wildcards. */
  readonly subject: string;
  readonly jetstream: string;
  /**
   * Returns the names of tags that an event purges.
   *
   * @throws any error for an event that has none
   */
  readonly names: (event: Uint8Array) => readonly string[];
}
export interface PurgeEventsParts {
  readonly nats: NatsLinks;
  /** Name of the consumer that processes share; rejects while it is unknown. Undefined: this process has its own. */
  readonly consumer: (() => Promise<string>) | undefined;
  /** Purges tags because of `events` events. Rejects if a cache may not have received the purge. */
  readonly purge: (names: readonly string[], events: number) => Promise<void>;
  /** Receives each event that names no tags. */
  readonly failed: (message: string) => void;
  /** Reports a fault that belongs to no request. */
  readonly fault: (message: string, cause: unknown) => void;
}

/** Time without an acknowledgement after which another process gets an event, in milliseconds. */
const ACK_MS = 5_000;
/** Delay before another attempt after a failure, in milliseconds. */
const AGAIN_MS = 1_000;
/** Interval between comparisons of the consumer's position with the stream, in milliseconds. */
const CHECK_MS = 30_000;
/**
 * Time without requests after which the server deletes a consumer, in milliseconds. No answer of before is used then:
 * tagged answers are used for 24 h at most.
 */
const SHARED_INACTIVE_MS = 48 * 3_600_000;
const OWN_INACTIVE_MS = 60_000;
/** Maximum number of events in flight, of a consumer's events without a purge, and of bytes of these in a process. */
const AHEAD = 64;
const MAX_PENDING = 256;
const MAX_BYTES = 16 << 20;
/** Interval of heartbeats from a consumer without events, in milliseconds. */
const ALIVE_MS = 5_000;
const NANOS = 1_000_000;
/** Error code of JetStream for a missing consumer. */
const CONSUMER_NOT_FOUND = 10_014;
/** Tag of all tagged answers. */
const EVERY = ["*"];

interface Waiting {
  readonly names: readonly string[];
  readonly message: JsMsg;
}

/**
 * Purges tags on events. An event is acknowledged after its purge is written, so a process that ends in between leaves
 * it to another one. If the stream may have dropped events before their delivery, everything is purged.
 */
export class PurgeEvents implements LinkListener {
  readonly #spec: PurgeEventsSpec;
  readonly #parts: PurgeEventsParts;
  readonly #ownName = `bff_${randomUUID()}`;
  #messages: ConsumerMessages | undefined;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #turn = 0; // work of an earlier turn is ignored
  #timer: Timer | undefined;
  #reported = false;
  /** Events that wait for their purge, in bytes. */
  #bytes = 0;
  /** Lowest sequence number of events whose purge has failed. Infinite: none has since all were acknowledged. */
  #oldestFailed = Number.POSITIVE_INFINITY;
  /** Sequence number up to which no event is lost, and the creation time of the consumer for which that holds. */
  #known: { readonly whole: number; readonly created: string } | undefined;

  constructor(spec: PurgeEventsSpec, parts: PurgeEventsParts) {
    this.#spec = spec;
    this.#parts = parts;
    const { nats } = parts;
    nats.addListener(this);
    if (nats.link !== undefined) this.up(nats.link);
  }
  up(link: Link): void {
    const turn = ++this.#turn;
    void this.#parts.nats.limit(() => this.#open(link, turn));
  }
  down(): void {
    this.#stop();
  }
  /** Events without a purge are left to other processes. */
  async close(): Promise<void> {
    const { nats } = this.#parts;
    nats.removeListener(this);
    this.#stop();
    for (const { message } of this.#waiting.splice(0)) reply(() => message.nak());
    await this.#writing;
    const { link } = nats;
    if (link !== undefined && this.#parts.consumer === undefined)
      nats.lastly(link.jsm.consumers.delete(this.#spec.jetstream, this.#ownName));
  }

  async #open(link: Link, turn: number): Promise<void> {
    const { jetstream } = this.#spec;
    try {
      if (turn !== this.#turn) return;
      const name = (await this.#parts.consumer?.()) ?? this.#ownName;
      const info = await this.#consumer(link, name);
      await this.#check(link, name, info);
      if (turn !== this.#turn) return;
      const consumer = await link.js.consumers.get(jetstream, name);
      const callback = (message: JsMsg): void => this.#receive(message);
      const messages = await consumer.consume({ callback, max_messages: AHEAD, idle_heartbeat: ALIVE_MS });
      if (turn !== this.#turn) {
        await messages.close();
        return;
      }
      this.#messages = messages;
      this.#reported = false;
      this.#checkLater(link, turn, name);
      void this.#watch(link, turn, messages);
    } catch (error) {
      if (turn === this.#turn) this.#afresh(link, error);
    }
  }
  async #consumer(link: Link, name: string): Promise<ConsumerInfo> {
    const { jetstream, subject } = this.#spec;
    try {
      return await link.jsm.consumers.info(jetstream, name);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
    }
    const shared = this.#parts.consumer !== undefined;
    const config: Partial<ConsumerConfig> = {
      ack_policy: "explicit",
      ack_wait: ACK_MS * NANOS,
      deliver_policy: "new",
      filter_subject: subject,
      max_ack_pending: MAX_PENDING,
      inactive_threshold: (shared ? SHARED_INACTIVE_MS : OWN_INACTIVE_MS) * NANOS,
      ...(shared ? { durable_name: name } : { name, mem_storage: true, num_replicas: 1 }),
    };
    return link.jsm.consumers.add(jetstream, config);
  }
  async #watch(link: Link, turn: number, messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (turn !== this.#turn) return;
      if (TROUBLE.has(type)) this.#afresh(link, type);
    }
    if (turn === this.#turn) this.#afresh(link, "the consumer has stopped"); // by itself
  }

  /**
   * Purges everything if the stream may have dropped unprocessed events.
   *
   * @param opened facts of the consumer before this process receives its events
   */
  async #check(link: Link, name: string, opened?: ConsumerInfo): Promise<void> {
    const { jsm } = link;
    const { jetstream } = this.#spec;
    const { config, state } = await jsm.streams.info(jetstream);
    const { first_seq: first, last_seq: last } = state;
    // Such losses leave no trace in the stream's positions. A stream with this setting may also refuse instead.
    if (opened !== undefined && config.max_msgs_per_subject > 0 && !config.discard_new_per_subject)
      this.#parts.fault(
        `the JetStream stream ${jetstream} has max_msgs_per_subject ${config.max_msgs_per_subject}: it may drop ` +
          "events before their purge; remove this limit",
        undefined,
      );
    const info = opened ?? (await jsm.consumers.info(jetstream, name)); // after `last`
    const known = this.#known?.created === info.created ? this.#known.whole : undefined;
    // Another process that receives events of this consumer has done the same check.
    const isChecked = known === undefined && info.num_waiting > 0;
    const whole = Math.max(known ?? 0, info.ack_floor.stream_seq);
    const isNew = known === undefined && !isChecked && info.delivered.consumer_seq === 0;
    // The server acknowledges events that the stream drops before their acknowledgement.
    const isUnknown = known === undefined ? first > info.delivered.stream_seq : this.#oldestFailed < first;
    const isLost = !isChecked && !isNew && (isUnknown || (first > whole + 1 && !(await this.#isWhole(link, whole))));
    if (isLost)
      this.#parts.fault(`events of the JetStream stream ${jetstream} may be lost: all tags are purged`, undefined);
    if (isNew || isLost) await this.#parts.purge(EVERY, 1);
    const isIdle = opened === undefined && info.num_pending === 0 && info.num_ack_pending === 0;
    if (isIdle || isLost) this.#oldestFailed = Number.POSITIVE_INFINITY;
    this.#known = { whole: Math.max(whole, first - 1, isIdle ? last : 0), created: info.created };
  }
  /** Reports whether an event up to a sequence number is still kept: the oldest are dropped first. */
  async #isWhole({ jsm }: Link, seq: number): Promise<boolean> {
    const { jetstream, subject } = this.#spec;
    const query = { seq: 1, next_by_subj: subject };
    const oldest = await jsm.direct.getMessage(jetstream, query).catch(() => null); // needs allow_direct
    return oldest !== null && oldest.seq <= seq;
  }
  #checkLater(link: Link, turn: number, name: string): void {
    this.#timer = this.#parts.nats.clock.setTimeout(
      run,
      CHECK_MS,
      () =>
        void this.#check(link, name).then(
          () => turn === this.#turn && this.#checkLater(link, turn, name),
          (error) => turn === this.#turn && this.#afresh(link, error),
        ),
    );
  }

  #receive(message: JsMsg): void {
    const { data, info } = message;
    if (this.#waiting.length > 0 && this.#bytes + data.length > MAX_BYTES) {
      reply(() => message.nak(AGAIN_MS));
      return;
    }
    try {
      this.#waiting.push({ names: this.#spec.names(data), message });
      this.#bytes += data.length;
    } catch (error) {
      reply(() => message.ack());
      this.#parts.failed(`event ${info.streamSequence} of ${this.#spec.jetstream} purges nothing: ${error}`);
      return;
    }
    this.#writing ??= this.#write();
  }
  /** Writes one purge at a time, for all events that have arrived meanwhile. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#bytes = 0;
      const isWritten = await this.#parts.purge([...new Set(batch.flatMap(({ names }) => names))], batch.length).then(
        () => true,
        () => false,
      );
      for (const { message } of batch) {
        if (!isWritten) this.#oldestFailed = Math.min(this.#oldestFailed, message.info.streamSequence);
        reply(() => (isWritten ? message.ack() : message.nak(AGAIN_MS)));
      }
    }
    this.#writing = undefined;
  }

  #afresh(link: Link, cause: unknown): void {
    const { nats, fault } = this.#parts;
    if (!this.#reported)
      fault(`events of the JetStream stream ${this.#spec.jetstream} cannot be read; purges are late`, cause);
    this.#reported = true;
    this.#stop();
    this.#timer = nats.clock.setTimeout(run, AGAIN_MS, () => {
      if (nats.link === link) this.up(link);
    });
  }
  #stop(): void {
    this.#turn++;
    const { nats } = this.#parts;
    if (this.#timer !== undefined) nats.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const messages = this.#messages;
    this.#messages = undefined;
    if (messages !== undefined) nats.lastly(messages.close());
  }
}
const run = (task: () => void): void => task();
/** Answers an event. Over a closed connection it is delivered again. */
function reply(answer: () => void): void {
  try {
    answer();
  } catch {}
}
