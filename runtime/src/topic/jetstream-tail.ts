import type { Timer } from "../clock.ts";
import { Arrivals } from "./consumers/arrivals.ts";
import { Consumer } from "./consumers/consumer.ts";
import { Group, type ItemsFrom, type Member } from "./consumers/group.ts";
import { AGAIN_MS, AWAY, HOLD_MS } from "./consumers/times.ts";
import type { JetStreamItems } from "./jetstream-items.ts";
import type { Tail, TailReceiver } from "./log.ts";
import type { Link, LinkListener, StoredMessage } from "./nats-link.ts";
import { Unusable } from "./stream-facts.ts";

/**
 * Follows one subject by a separate consumer, which is replaced after any fault, or by one that keys share. Neither the
 * consumer's end nor items that the stream drops before delivery stay unnoticed. Each next item is proven to follow the
 * last one, or causes a reset.
 */
export class JetStreamTail<Item> implements Tail, LinkListener, Member {
  readonly #log: JetStreamItems<Item>;
  readonly subject: string;
  /** Undefined while it is opened. */
  source: ItemsFrom | undefined;
  readonly #receiver: TailReceiver<Item>;
  #epoch: string | undefined; // set while the tail is open
  #last = 0; // of the items that were delivered, or that existed before
  #arrivals: Arrivals | undefined;
  #turn = 0; // work of an earlier turn is ignored
  #held: Timer | undefined;
  #again: Timer | undefined;
  #closed = false;

  constructor(log: JetStreamItems<Item>, subject: string, receiver: TailReceiver<Item>) {
    this.#log = log;
    this.subject = subject;
    this.#receiver = receiver;
    const { nats } = log;
    nats.addListener(this);
    log.shared.add(this);
    this.#hold();
    if (nats.link !== undefined) this.up(nats.link);
  }
  get epoch(): string | undefined {
    return this.#epoch;
  }
  up(link: Link): void {
    if (this.source instanceof Group) return; // the group does it
    this.#drop(); // a timer and the return of the connection may both begin it
    const turn = ++this.#turn;
    void this.#log.nats.limit(() => this.#open(link, turn));
  }
  down(): void {
    if (this.source instanceof Group) return;
    this.#turn++;
    this.#drop();
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
    this.#drop();
    this.#log.shared.remove(this);
  }
  arrived(stored: StoredMessage, since: number): void {
    this.#arrivals?.add(stored, since);
  }
  passed(position: number): number {
    return this.#arrivals?.passed(position) ?? this.#last;
  }
  isWhole(link: Link): Promise<boolean> {
    return this.#log.isWhole(link, this.subject, this.#last);
  }
  alone(): void {
    this.#afresh();
  }
  fail(why: string): void {
    const failure = this.#log.unavailable(why);
    this.close();
    this.#receiver.failed(failure);
  }

  async #open(link: Link, turn: number): Promise<void> {
    try {
      await this.#log.shared.room();
      if (turn === this.#turn) await this.#opened(link, turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (error instanceof Unusable) this.fail(error.message);
      else this.#afresh();
    }
  }
  async #opened(link: Link, turn: number): Promise<void> {
    const { nats, stream } = this.#log;
    const { epoch } = await nats.facts(link, stream, false);
    const replaced = this.#epoch !== undefined && (epoch !== this.#epoch || !(await this.isWhole(link)));
    const begins = this.#epoch === undefined || replaced;
    const newest = begins ? await this.#newest(link) : undefined;
    const last = begins ? (newest?.seq ?? 0) : this.#last;
    if (turn !== this.#turn) return;
    const consumer = await this.#consumer(link, turn, last);
    if (turn !== this.#turn) {
      consumer.close(link);
      return;
    }
    this.source = consumer;
    this.#arrivals = this.#newArrivals(turn, last);
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
    if (turn !== this.#turn) return;
    await consumer.consume();
    if (turn === this.#turn) this.#log.shared.opened();
  }
  #newest(link: Link) {
    return link.jsm.direct
      .getMessage(this.#log.stream, { last_by_subj: this.subject })
      .then((stored) => stored ?? undefined);
  }
  #consumer(link: Link, turn: number, last: number): Promise<Consumer> {
    return Consumer.create(this.#log, link, {
      subjects: [this.subject],
      after: last,
      receiver: {
        arrived: (stored, since) => this.arrived(stored, since),
        broken: () => {
          if (turn === this.#turn) this.#afresh();
        },
      },
    });
  }
  #newArrivals(turn: number, last: number): Arrivals {
    const isWhole = async (seq: number): Promise<boolean> => {
      const { link } = this.#log.nats;
      if (link === undefined) throw new Error(AWAY);
      return this.#log.isWhole(link, this.subject, seq);
    };
    return new Arrivals(last, isWhole, {
      arrived: (stored) => this.#arrived(turn, stored),
      gap: () => this.#gap(turn),
      unproven: () => {
        if (turn === this.#turn) this.#afresh();
      },
    });
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

  /** Opens the key with another consumer after a short delay. */
  #afresh(): void {
    this.#turn++;
    const { nats } = this.#log;
    this.#drop();
    this.#hold();
    if (this.#again === undefined) {
      this.#again = nats.clock.setTimeout(again, AGAIN_MS, () => {
        this.#again = undefined;
        if (nats.link !== undefined) this.up(nats.link);
      });
    }
  }
  #hold(): void {
    this.#held ??= this.#log.nats.clock.setTimeout(again, HOLD_MS, () => this.fail(AWAY));
  }
  #drop(): void {
    const { source } = this;
    this.source = undefined;
    this.#arrivals?.close();
    this.#arrivals = undefined;
    source?.release(this);
  }
}
const again = (run: () => void): void => run();
