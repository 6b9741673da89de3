import type { ItemSource } from "../source/source.ts";
import { AGAIN_MS, HOLD_MS } from "./consumers/times.ts";
import type { JetStreamItems } from "./jetstream-items.ts";
import type { Entry, Place, ReadReceiver } from "./log.ts";
import type { Link, StoredMessage } from "./nats-link.ts";
import { RING_BYTES } from "./ring.ts";
import { Unusable } from "./stream-facts.ts";

/** Maximum number of items that are fetched ahead of the reader. */
const MAX_AHEAD = 32;

/** Reads the items after a place one by one. It keeps no state on the server, so no cleanup is necessary there. */
export class JetStreamRead<Item> implements ItemSource {
  readonly #log: JetStreamItems<Item>;
  readonly #subject: string;
  readonly #receiver: ReadReceiver<Item>;
  readonly #after: Place | undefined;
  #last: number | undefined;
  #ahead: Entry<Item>[] = [];
  #page = 1;
  #requested = 0;
  #running = false;
  #failingSince: number | undefined;
  #over = false;

  constructor(log: JetStreamItems<Item>, subject: string, after: Place | undefined, receiver: ReadReceiver<Item>) {
    this.#log = log;
    this.#subject = subject;
    this.#after = after;
    this.#receiver = receiver;
  }
  next(): void {
    this.#requested++;
    if (!this.#running) void this.#run();
  }
  cancel(): void {
    this.#over = true;
    this.#ahead = [];
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#requested > 0 && !this.#over) {
      const entry = this.#ahead.shift();
      if (entry !== undefined) {
        this.#requested--;
        this.#receiver.entry(entry);
      } else await this.#more();
    }
    this.#running = false;
  }
  async #more(): Promise<void> {
    const { nats } = this.#log;
    const { link } = nats;
    try {
      if (link === undefined) throw new Error("NATS is away");
      if (this.#last === undefined && this.#after !== undefined) await this.#begin(link, this.#after);
      if (!this.#over) await this.#fetch(link);
      this.#failingSince = undefined;
    } catch (error) {
      if (this.#over) return;
      const now = nats.clock.now();
      this.#failingSince ??= now;
      if (error instanceof Unusable || now - this.#failingSince > HOLD_MS) this.#fail(String(error));
      else
        await new Promise<void>((resolve) => void nats.clock.setTimeout(resolve as (_: unknown) => void, AGAIN_MS, 0));
    }
  }
  /** Begins after a place. If its item is still kept, all later ones are, because the oldest are dropped first. */
  async #begin(link: Link, after: Place): Promise<void> {
    await this.#log.nats.facts(link, this.#log.stream, false);
    const stored = await this.#at(link, typeof after === "bigint" ? after : 0n);
    if (this.#over) return;
    if (stored === undefined) {
      this.#lost();
      return;
    }
    this.#receiver.accepted();
    this.#last = stored.seq;
    this.#receiver.at(this.#log.entry(stored));
  }
  async #fetch(link: Link): Promise<void> {
    const last = this.#last ?? 0;
    const found: StoredMessage[] = [];
    let bytes = 0;
    for (let from = last; found.length < this.#page && bytes < RING_BYTES; ) {
      const next = await this.#behind(link, from);
      if (this.#over) return;
      if (next === undefined) break;
      found.push(next);
      bytes += next.data.length;
      from = next.seq;
    }
    const [first] = found;
    if (first === undefined) {
      this.#requested--;
      this.#receiver.dry();
      return;
    }
    // Items before one that does not directly follow the last may have been dropped.
    const areNeighbours = found.every(({ seq }, i) => seq === (found[i - 1]?.seq ?? last) + 1);
    const isWhole = areNeighbours || (await this.#log.isWhole(link, this.#subject, last));
    if (this.#over) return;
    if (!isWhole) {
      this.#lost();
      return;
    }
    this.#last = found.at(-1)?.seq;
    this.#page = Math.min(this.#page * 2, MAX_AHEAD);
    this.#ahead = found.map((stored) => this.#log.entry(stored));
  }
  async #at(link: Link, place: bigint): Promise<StoredMessage | undefined> {
    if (place <= 0n || place > MOST) return undefined;
    const stored = await link.jsm.direct.getMessage(this.#log.stream, { seq: Number(place) });
    return stored?.subject === this.#subject ? stored : undefined;
  }
  async #behind(link: Link, seq: number): Promise<StoredMessage | undefined> {
    const query = { seq: seq + 1, next_by_subj: this.#subject };
    return (await link.jsm.direct.getMessage(this.#log.stream, query)) ?? undefined;
  }
  #lost(): void {
    this.#over = true;
    this.#receiver.lost();
  }
  #fail(why: string): void {
    this.#over = true;
    this.#receiver.failed(this.#log.unavailable(why));
  }
}
const MOST = BigInt(Number.MAX_SAFE_INTEGER);
