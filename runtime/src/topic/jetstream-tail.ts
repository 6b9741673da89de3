import { randomUUID } from "node:crypto";
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Timer } from "../clock.ts";
import { Arrivals } from "./jetstream-arrivals.ts";
import type { JetStreamItems, StoredMessage } from "./jetstream-items.ts";
import type { Tail, TailReceiver } from "./log.ts";
import type { Link, LinkListener } from "./nats-link.ts";
import { Unusable } from "./stream-facts.ts";

/** Time for which followers are held while NATS is unavailable, in milliseconds. */
export const HOLD_MS = 30_000;
/** Delay before another attempt after a failure, in milliseconds. */
export const AGAIN_MS = 250;
/**
 * Time without requests after which the server deletes a consumer, in milliseconds. It applies after the end of this
 * process.
 */
const INACTIVE_MS = 60_000;
/** Maximum number of messages in flight. */
const AHEAD = 64;
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

/** A consumer on the server. */
interface Consuming {
  readonly name: string;
  messages: ConsumerMessages | undefined;
  /** Sequence number of the consumer's last message. */
  delivered: number;
  readonly arrivals: Arrivals;
}

/**
 * Follows one subject by a separate consumer, which is replaced after any fault. Neither the consumer's end nor items
 * that the stream drops before delivery stay unnoticed. Each next item is proven to follow the last one, or causes a
 * reset.
 */
export class JetStreamTail<Item> implements Tail, LinkListener {
  readonly #log: JetStreamItems<Item>;
  readonly #subject: string;
  readonly #receiver: TailReceiver<Item>;
  #epoch: string | undefined; // set while the tail is open
  #last = 0; // of the items that were delivered, or that existed before
  #consuming: Consuming | undefined;
  #turn = 0; // work of an earlier turn is ignored
  #held: Timer | undefined;
  #again: Timer | undefined;
  #closed = false;

  constructor(log: JetStreamItems<Item>, subject: string, receiver: TailReceiver<Item>) {
    this.#log = log;
    this.#subject = subject;
    this.#receiver = receiver;
    const { nats } = log;
    nats.addListener(this);
    this.#hold();
    if (nats.link !== undefined) this.up(nats.link);
  }
  up(link: Link): void {
    const turn = ++this.#turn;
    void this.#log.nats.limit(() => this.#open(link, turn));
  }
  down(): void {
    this.#turn++;
    this.#drop(undefined);
    this.#hold();
  }
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#turn++;
    const { nats } = this.#log;
    nats.removeListener(this);
    if (this.#held !== undefined) nats.clock.clearTimeout(this.#held);
    if (this.#again !== undefined) nats.clock.clearTimeout(this.#again);
    this.#drop(nats.link);
  }

  async #open(link: Link, turn: number): Promise<void> {
    try {
      if (turn === this.#turn) await this.#opened(link, turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (error instanceof Unusable) this.#fail(error.message);
      else this.#afresh(link);
    }
  }
  async #opened(link: Link, turn: number): Promise<void> {
    const { nats, stream } = this.#log;
    const { epoch } = await nats.facts(link, stream, false);
    const replaced =
      this.#epoch !== undefined &&
      (epoch !== this.#epoch || !(await this.#log.isWhole(link, this.#subject, this.#last)));
    const begins = this.#epoch === undefined || replaced;
    const newest = begins ? await this.#newest(link) : undefined;
    const last = begins ? (newest?.seq ?? 0) : this.#last;
    if (turn !== this.#turn) return;
    const consuming = await this.#consumer(link, turn, last);
    if (turn !== this.#turn) {
      this.#delete(link, consuming);
      return;
    }
    this.#consuming = consuming;
    // The facts must belong to the same stream as the consumer.
    if ((await nats.facts(link, stream, true)).epoch !== epoch) throw new Error("the stream has been made anew");
    if (turn !== this.#turn) return;
    if (replaced) this.#receiver.replaced();
    if (turn !== this.#turn) return;
    this.#last = last;
    this.#epoch = epoch;
    if (this.#held !== undefined) nats.clock.clearTimeout(this.#held);
    this.#held = undefined;
    if (begins) {
      this.#receiver.accepted();
      const entry = newest && this.#log.entry(newest);
      this.#receiver.opened({ epoch, newest: entry, from: newest && BigInt(newest.seq - 1) });
    }
    if (turn === this.#turn) await this.#consume(link, turn, consuming);
  }
  #newest(link: Link) {
    return link.jsm.direct
      .getMessage(this.#log.stream, { last_by_subj: this.#subject })
      .then((stored) => stored ?? undefined);
  }
  async #consumer(link: Link, turn: number, last: number): Promise<Consuming> {
    const { name } = await link.jsm.consumers.add(this.#log.stream, {
      name: `bff_${randomUUID()}`, // a name puts the stream into the request's subject, for permissions
      ack_policy: "none",
      deliver_policy: "by_start_sequence",
      opt_start_seq: last + 1,
      filter_subject: this.#subject,
      inactive_threshold: INACTIVE_MS * NANOS,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
    });
    this.#log.consumers++;
    const arrivals = new Arrivals(last, (seq) => this.#log.isWhole(link, this.#subject, seq), {
      arrived: (stored) => this.#arrived(turn, stored),
      gap: () => this.#gap(turn),
      unproven: () => {
        if (turn === this.#turn) this.#afresh(link);
      },
    });
    return { name, messages: undefined, delivered: 0, arrivals };
  }
  async #consume(link: Link, turn: number, consuming: Consuming): Promise<void> {
    const consumer = await link.js.consumers.get(this.#log.stream, consuming.name);
    if (turn !== this.#turn) return;
    const callback = (message: JsMsg): void => this.#receive(link, turn, consuming, message);
    const messages = await consumer.consume({ callback, max_messages: AHEAD, idle_heartbeat: ALIVE_MS });
    if (turn !== this.#turn) {
      await messages.close();
      return;
    }
    consuming.messages = messages;
    void this.#watch(link, turn, messages);
  }
  async #watch(link: Link, turn: number, messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (turn !== this.#turn) return;
      if (TROUBLE.has(type)) this.#afresh(link);
    }
    if (turn === this.#turn) this.#afresh(link); // the consumer has stopped by itself
  }
  #receive(link: Link, turn: number, consuming: Consuming, message: JsMsg): void {
    if (turn !== this.#turn) return;
    const { deliverySequence, streamSequence } = message.info;
    if (deliverySequence !== ++consuming.delivered) {
      this.#afresh(link); // a message was lost on the way
      return;
    }
    consuming.arrivals.add({ seq: streamSequence, subject: message.subject, data: message.data });
  }
  #arrived(turn: number, stored: StoredMessage): void {
    if (turn !== this.#turn) return;
    this.#last = stored.seq;
    this.#receiver.entry(this.#log.entry(stored));
  }
  /** Handles dropped items: the next item is the oldest one that the stream has. */
  #gap(turn: number): void {
    if (turn !== this.#turn) return;
    this.#receiver.replaced();
    if (turn === this.#turn) this.#receiver.opened({ epoch: this.#epoch ?? "", from: undefined });
  }

  /** Replaces the consumer after a short delay. */
  #afresh(link: Link): void {
    this.#turn++;
    const { nats } = this.#log;
    this.#drop(link);
    this.#hold();
    if (this.#again === undefined) {
      this.#again = nats.clock.setTimeout(again, AGAIN_MS, () => {
        this.#again = undefined;
        if (nats.link !== undefined) this.up(nats.link);
      });
    }
  }
  #hold(): void {
    this.#held ??= this.#log.nats.clock.setTimeout(again, HOLD_MS, () => this.#fail("JetStream is away"));
  }
  #fail(why: string): void {
    const failure = this.#log.unavailable(why);
    this.close();
    this.#receiver.failed(failure);
  }
  #drop(link: Link | undefined): void {
    const consuming = this.#consuming;
    this.#consuming = undefined;
    if (consuming !== undefined) this.#delete(link, consuming);
  }
  /** @param link undefined if the server is unavailable, which then deletes the inactive consumer itself */
  #delete(link: Link | undefined, { name, messages, arrivals }: Consuming): void {
    arrivals.close();
    const { nats, stream } = this.#log;
    this.#log.consumers--;
    if (messages !== undefined) nats.lastly(messages.close());
    if (link !== undefined) nats.lastly(link.jsm.consumers.delete(stream, name));
  }
}
const NANOS = 1_000_000;
const again = (run: () => void): void => run();
