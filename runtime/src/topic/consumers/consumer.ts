import { randomUUID } from "node:crypto";
import type { ConsumerConfig, ConsumerInfo, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Link, NatsLinks, StoredMessage } from "../nats-link.ts";

/**
 * Time without requests after which the server deletes a consumer, in milliseconds. It applies after the end of this
 * process.
 */
const INACTIVE_MS = 60_000;
/** Maximum number of messages in flight, for one subject and for several ones. */
const AHEAD = 64;
const SHARED_AHEAD = 512;
/**
 * Interval of heartbeats from a consumer without messages, in milliseconds. After two missing heartbeats the consumer
 * is replaced. In a cluster it fails with the one server that has it, which a connection to another server does not
 * show.
 */
const ALIVE_MS = 5_000;
/** Notifications that make a consumer unusable. */
export const TROUBLE = new Set([
  "heartbeats_missed",
  "consumer_deleted",
  "consumer_not_found",
  "stream_not_found",
  "no_responders",
  "exceeded_limits",
]);
const NANOS = 1_000_000;

/** The part of a log that its consumers need. */
export interface ConsumerParts {
  readonly nats: NatsLinks;
  /** The name of the stream. */
  readonly stream: string;
  /** Number of this process's consumers on the server. */
  consumers: number;
}
interface ConsumerReceiver {
  /** @param since sequence number after which each item of the stream was received, up to this one */
  arrived(stored: StoredMessage, since: number): void;
  /** Reports that the consumer no longer works. The last call. */
  broken(): void;
}

/** A consumer on the server, which delivers the items of its subjects in their order. */
export class Consumer {
  readonly subjects: readonly string[];
  readonly #parts: ConsumerParts;
  readonly #link: Link;
  readonly #name: string;
  readonly #receiver: ConsumerReceiver;
  #messages: ConsumerMessages | undefined;
  #delivered = 0; // sequence number of the consumer's last message
  #position: number;
  #since: number;
  #closed = false;

  private constructor(parts: ConsumerParts, link: Link, name: string, start: ConsumerStart) {
    this.#parts = parts;
    this.#link = link;
    this.#name = name;
    this.subjects = start.subjects;
    this.#position = start.after;
    this.#since = start.after;
    this.#receiver = start.receiver;
    parts.consumers++;
  }
  /** @throws errors of the NATS client */
  static async create(parts: ConsumerParts, link: Link, start: ConsumerStart): Promise<Consumer> {
    const { name } = await addConsumer(link, parts.stream, start.subjects, {
      deliver_policy: "by_start_sequence",
      opt_start_seq: start.after + 1,
    });
    return new Consumer(parts, link, name, start);
  }
  /** Sequence number through which all items of its subjects were received. */
  get position(): number {
    return this.#position;
  }
  /** Whether the delivery has begun. */
  get isOpen(): boolean {
    return this.#messages !== undefined && !this.#closed;
  }
  release(): void {
    this.close(this.#parts.nats.link);
  }
  /** Begins the delivery. */
  async consume(): Promise<void> {
    const { js } = this.#link;
    const consumer = await js.consumers.get(this.#parts.stream, this.#name);
    if (this.#closed) return;
    const max_messages = this.subjects.length > 1 || this.subjects[0]?.includes("*") ? SHARED_AHEAD : AHEAD;
    const callback = (message: JsMsg): void => this.#receive(message);
    const messages = await consumer.consume({ callback, max_messages, idle_heartbeat: ALIVE_MS });
    if (this.#closed) {
      await messages.close();
      return;
    }
    this.#messages = messages;
    void this.#watch(messages);
  }
  /** Returns the position that the server has, which also grows without items. */
  async advance(): Promise<number> {
    const { delivered } = await this.#link.jsm.consumers.info(this.#parts.stream, this.#name);
    if (this.#delivered >= delivered.consumer_seq && delivered.stream_seq > this.#position) {
      this.#position = delivered.stream_seq;
      this.#since = delivered.stream_seq;
    }
    return this.#position;
  }
  /** @param link undefined if the server is unavailable, which then deletes the inactive consumer itself */
  close(link: Link | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const { nats, stream } = this.#parts;
    this.#parts.consumers--;
    if (this.#messages !== undefined) nats.lastly(this.#messages.close());
    if (link !== undefined) nats.lastly(link.jsm.consumers.delete(stream, this.#name));
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (this.#closed) return;
      if (TROUBLE.has(type)) this.#receiver.broken();
    }
    if (!this.#closed) this.#receiver.broken(); // the consumer has stopped by itself
  }
  #receive(message: JsMsg): void {
    if (this.#closed) return;
    const { deliverySequence, streamSequence: seq } = message.info;
    if (deliverySequence !== ++this.#delivered) {
      this.#receiver.broken(); // a message was lost on the way
      return;
    }
    if (seq !== this.#position + 1) this.#since = seq - 1;
    this.#position = Math.max(this.#position, seq);
    this.#receiver.arrived({ seq, subject: message.subject, data: message.data }, this.#since);
  }
}
interface ConsumerStart {
  readonly subjects: readonly string[];
  /** Sequence number after which items are delivered. */
  readonly after: number;
  readonly receiver: ConsumerReceiver;
}

/**
 * Adds a consumer that the server deletes when it is inactive.
 *
 * @throws errors of the NATS client
 */
export async function addConsumer(
  link: Link,
  stream: string,
  subjects: readonly string[],
  start: Pick<ConsumerConfig, "deliver_policy" | "opt_start_seq" | "opt_start_time" | "headers_only">,
): Promise<Pick<ConsumerInfo, "name" | "num_pending">> {
  const config = {
    name: `bff_${randomUUID()}`, // a name puts the stream into the request's subject, for permissions
    ack_policy: "none" as const,
    inactive_threshold: INACTIVE_MS * NANOS,
    max_deliver: 1,
    mem_storage: true,
    num_replicas: 1,
    ...start,
  };
  const [subject] = subjects;
  if (subjects.length === 1 && subject !== undefined) {
    return await link.jsm.consumers.add(stream, { ...config, filter_subject: subject });
  }
  return await link.addMany(stream, { ...config, filter_subjects: [...subjects] });
}
