import type { Timer } from "../../clock.ts";
import type { Link, LinkListener, StoredMessage } from "../nats-link.ts";
import { Unusable } from "../stream-facts.ts";
import { Consumer, type ConsumerParts } from "./consumer.ts";
import { NoLists } from "./many-subjects.ts";
import { AGAIN_MS, AWAY, HOLD_MS } from "./times.ts";

/** The consumer or the group that delivers the items of a key. */
export interface ItemsFrom {
  /** Sequence number through which all items of its keys were delivered. */
  readonly position: number;
  /** Lets the position grow without items. */
  advance(): Promise<unknown>;
  /** Ends the delivery to a key. */
  release(member: Member): void;
}

/** A followed key. */
export interface Member {
  readonly subject: string;
  readonly epoch: string | undefined;
  source: ItemsFrom | undefined;
  arrived(stored: StoredMessage, since: number): void;
  /** Sequence number through which followers have all items, if all through `position` were delivered. */
  passed(position: number): number;
  /** Whether the stream still has all items after the last delivered one. */
  isWhole(link: Link): Promise<boolean>;
  /** Opens the key again, with a separate consumer. */
  alone(): void;
  fail(why: string): void;
}

/**
 * Keys that share a consumer. Each change of the keys makes another consumer. It begins at the oldest position of its
 * keys, and each key ignores items that it has.
 */
export class Group implements ItemsFrom, LinkListener {
  readonly #members = new Map<string, Member>();
  readonly #parts: ConsumerParts;
  readonly #epoch: string;
  readonly #ended: () => void;
  /** The subject of all keys; undefined for a list. */
  readonly #wildcard: string | undefined;
  #consumer: Consumer | undefined;
  #position = 0; // of the last consumer
  #turn = 0; // work of an earlier turn is ignored
  #held: Timer | undefined;
  #again: Timer | undefined;

  constructor(parts: ConsumerParts, epoch: string, wildcard: string | undefined, ended: () => void) {
    this.#parts = parts;
    this.#epoch = epoch;
    this.#wildcard = wildcard;
    this.#ended = ended;
    parts.nats.addListener(this);
  }
  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }
  get epoch(): string {
    return this.#epoch;
  }
  get hasAll(): boolean {
    return this.#wildcard !== undefined;
  }
  /** Number of subjects that no member has. */
  get unused(): number {
    return this.hasAll ? 0 : (this.#consumer?.subjects.length ?? 0) - this.#members.size;
  }
  get position(): number {
    return this.#consumer?.position ?? this.#position;
  }
  async advance(): Promise<void> {
    await this.#consumer?.advance();
  }
  release({ subject }: Member): void {
    this.#members.delete(subject);
    if (this.#members.size === 0) this.close();
  }
  /**
   * Moves keys from their sources into this group.
   *
   * @throws errors of the NATS client; NoLists
   */
  async add(link: Link, added: readonly Member[]): Promise<void> {
    const turn = this.#turn;
    const sources = new Map(added.map((member) => [member, member.source]));
    // A source that fails keeps its position, and is replaced by its owner.
    await Promise.allSettled([this, ...new Set(sources.values())].map((source) => source?.advance()));
    for (const [member, source] of sources) if (member.source !== source) sources.delete(member);
    const all = [...this.#members.values(), ...sources.keys()];
    if (all.length === 0) return;
    const consumer = await this.#create(link, all);
    const begin = this.#use(link, turn, consumer);
    for (const [member, source] of sources) {
      if (source === undefined || member.source !== source) continue;
      source.release(member);
      this.#members.set(member.subject, member);
      member.source = this;
    }
    await begin();
  }
  up(link: Link): void {
    this.#drop(link);
    if (this.#members.size > 0) void this.#open(link, this.#turn);
  }
  down(): void {
    this.#drop(undefined);
    this.#hold();
  }
  close(): void {
    const { nats } = this.#parts;
    nats.removeListener(this);
    if (this.#held !== undefined) nats.clock.clearTimeout(this.#held);
    if (this.#again !== undefined) nats.clock.clearTimeout(this.#again);
    this.#drop(nats.link);
    this.#ended();
  }

  /** @throws errors of the NATS client; NoLists; Moved */
  async #create(link: Link, all: readonly Member[]): Promise<Consumer> {
    const { nats, stream } = this.#parts;
    const consumer: Consumer = await Consumer.create(this.#parts, link, {
      subjects: this.#wildcard === undefined ? all.map(({ subject }) => subject) : [this.#wildcard],
      after: Math.min(...all.map((member) => member.passed(member.source?.position ?? 0))),
      receiver: {
        arrived: (stored, since) => this.#members.get(stored.subject)?.arrived(stored, since),
        broken: () => {
          if (consumer === this.#consumer) this.#afresh();
        },
      },
    });
    try {
      if ((await nats.facts(link, stream, true)).epoch !== this.#epoch)
        throw new Moved("the stream has been made anew");
    } catch (error) {
      consumer.close(link);
      throw error;
    }
    return consumer;
  }
  /**
   * Replaces the consumer. Returns the function that begins its delivery.
   *
   * @throws Error if the group has changed since the turn
   */
  #use(link: Link, turn: number, consumer: Consumer): () => Promise<void> {
    if (turn !== this.#turn) {
      consumer.close(link);
      throw new Error("the group has changed");
    }
    const used = ++this.#turn;
    this.#consumer?.close(link);
    this.#consumer = consumer;
    if (this.#held !== undefined) this.#parts.nats.clock.clearTimeout(this.#held);
    this.#held = undefined;
    return async () => {
      try {
        await consumer.consume();
      } catch {
        if (used === this.#turn) this.#afresh();
      }
    };
  }
  async #open(link: Link, turn: number): Promise<void> {
    const { nats, stream } = this.#parts;
    try {
      if ((await nats.facts(link, stream, false)).epoch !== this.#epoch)
        throw new Moved("the stream has been made anew");
      await Promise.all([...this.#members.values()].map((member) => nats.limit(() => this.#check(link, turn, member))));
      if (turn !== this.#turn) return;
      const consumer = await this.#create(link, [...this.#members.values()]);
      await this.#use(link, turn, consumer)();
    } catch (error) {
      if (turn !== this.#turn) return;
      if (error instanceof Unusable) this.#fail(error.message);
      else if (error instanceof Moved || error instanceof NoLists) this.#part((member) => member.alone());
      else this.#afresh();
    }
  }
  async #check(link: Link, turn: number, member: Member): Promise<void> {
    if (turn !== this.#turn || (await member.isWhole(link)) || turn !== this.#turn) return;
    if (member.source === this) member.alone();
  }
  /** Replaces the consumer after a short delay. */
  #afresh(): void {
    const { nats } = this.#parts;
    this.#drop(nats.link);
    this.#hold();
    this.#again ??= nats.clock.setTimeout(again, AGAIN_MS, () => {
      this.#again = undefined;
      if (nats.link !== undefined) this.up(nats.link);
    });
  }
  #hold(): void {
    this.#held ??= this.#parts.nats.clock.setTimeout(again, HOLD_MS, () => this.#fail(AWAY));
  }
  #drop(link: Link | undefined): void {
    this.#turn++;
    this.#position = this.position;
    this.#consumer?.close(link);
    this.#consumer = undefined;
  }
  #fail(why: string): void {
    this.#part((member) => member.fail(why));
  }
  #part(each: (member: Member) => void): void {
    for (const member of [...this.#members.values()]) if (member.source === this) each(member);
  }
}
/** The stream is another one than before. */
class Moved extends Error {}
const again = (run: () => void): void => run();
