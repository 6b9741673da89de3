import type { Timer } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { ItemSource, Items } from "../source/source.ts";
import { type Transitions, transition } from "../states.ts";
import type { Channel, ChannelReader } from "./channel.ts";
import type { Entry, Place, ReadReceiver } from "./log.ts";
import { readToken, tokenOf } from "./token.ts";

/**
 * Delay before another read, in milliseconds, and maximum number of such reads. An item that the log lacks may still be
 * on its way to a replica.
 */
const DRY_MS = 100;
const MAX_DRY_READS = 10;

/** Options of a follower of a key. */
interface CursorOptions {
  /** Token of the item after which to resume; undefined to begin at the oldest item. */
  readonly resume: string | undefined;
  /** True to deliver only the newest item each time, and to skip those between. */
  readonly latestOnly: boolean;
  readonly comesAgainMs: number;
}

/** `opening`: the log has not answered, and no item was delivered. */
type CursorState = "opening" | "open" | "over";
export const CURSOR_TRANSITIONS: Transitions<CursorState> = { opening: ["open", "over"], open: ["over"], over: [] };

/**
 * One follower of a key: a place in its log. It takes items from the ring of the process. Behind the ring it reads the
 * log itself, until it reaches the ring. Other followers never wait for it, and it holds no items.
 */
export class Cursor<Item> implements ItemSource, ReadReceiver<Item>, ChannelReader<Item> {
  readonly #channel: Channel<Item>;
  readonly #items: Items<Item>;
  readonly #latestOnly: boolean;
  /** Time within which its client is likely to return, in milliseconds. */
  readonly comesAgainMs: number;
  #token: string | undefined; // until it is read
  #last: Place | undefined; // place of the last delivered item, or of the token
  #reset = false;
  #number: number | undefined; // in the ring
  #reading: ItemSource | undefined;
  #isReading = false; // true while `#reading` owes an item
  #dry = 0;
  #pause: Timer | undefined;
  #demand = 0;
  #giving = false;
  #state: CursorState = "opening";

  constructor(channel: Channel<Item>, { resume, latestOnly, comesAgainMs }: CursorOptions, items: Items<Item>) {
    this.#channel = channel;
    this.#token = resume;
    this.#latestOnly = latestOnly;
    this.comesAgainMs = comesAgainMs;
    this.#items = items;
  }
  next(): void {
    this.#demand++;
    this.#go();
  }
  cancel(): void {
    this.#end();
  }

  // ---- events of the channel ----

  /** Handles the answer of the log. */
  accepted(): void {
    if (this.#state !== "opening") return;
    this.#to("open");
    this.#items.opened?.();
  }
  /** Handles a ring that is ready. */
  placed(): void {
    const token = this.#token;
    this.#token = undefined;
    if (token !== undefined) {
      const { epoch, ordered } = this.#channel;
      const placed = readToken(token);
      if (placed?.epoch === epoch && (!ordered || typeof placed.place === "bigint")) this.#last = placed.place;
      else this.#begin();
      if (placed?.isLast && this.#last !== undefined && !ordered) this.ended();
    }
    if (!this.#over) this.#enter();
  }
  came({ place }: Entry<Item>): void {
    const { ring } = this.#channel;
    const meets = this.#reading !== undefined && place === this.#last;
    const number = meets ? ring.end : this.#pause && ring.behind(this.#last);
    if (number === undefined) this.#go();
    else this.#meet(number);
  }
  /** Handles an invalid ring. Delivered items no longer count. */
  replaced(): void {
    if (this.#last !== undefined) this.#begin();
    this.#stopReading();
    this.#number = undefined;
  }
  /** Handles the end of the ring's items. */
  closed(): void {
    const { over } = this.#channel;
    if (over instanceof Failure && this.#number === undefined) this.failed(over);
    else this.#go();
  }

  // ---- place ----

  #enter(): void {
    const { ring } = this.#channel;
    if (this.#last === undefined) {
      const number = this.#latestOnly ? Math.max(ring.first, ring.end - 1) : ring.behind(undefined);
      if (number === undefined) this.#read();
      else this.#meet(number);
      return;
    }
    const number = ring.behindKnown(this.#last);
    if (number === undefined) this.#read();
    else if (!this.#isLast(ring.at(number - 1))) this.#meet(number);
  }
  /** Begins at the oldest item, and reports a reset. */
  #begin(): void {
    this.#last = undefined;
    this.#reset = true;
    this.#channel.countReset();
  }
  #meet(number: number): void {
    this.#stopReading();
    this.#number = number;
    this.#go();
  }
  #read(): void {
    this.#stopReading();
    this.#number = undefined;
    this.#reading = this.#channel.read(this.#last, this);
    this.#go();
  }
  #stopReading(): void {
    if (this.#pause !== undefined) this.#channel.clock.clearTimeout(this.#pause);
    this.#pause = undefined;
    const reading = this.#reading;
    this.#reading = undefined;
    this.#isReading = false;
    reading?.cancel();
  }

  // ---- events of a read ----

  at(entry: Entry<Item>): void {
    if (this.#over || this.#isLast(entry) || !this.#latestOnly) return;
    const { ring } = this.#channel;
    const number = ring.behind(this.#last);
    if (number === undefined) this.#reset = true; // items were left out
    this.#meet(number ?? Math.max(ring.first, ring.end - 1));
  }
  entry(entry: Entry<Item>): void {
    if (this.#over) return;
    this.#isReading = false;
    this.#dry = 0;
    this.#give(entry);
    if (this.#over) return;
    const number = this.#channel.ring.behind(entry.place);
    if (number === undefined) this.#go();
    else this.#meet(number);
  }
  dry(): void {
    if (this.#over) return;
    const { ring } = this.#channel;
    const number = ring.behind(this.#last);
    const bad = number !== undefined && ring.at(number)?.item instanceof Failure;
    if (number !== undefined && !bad) this.#meet(number);
    else if (++this.#dry > MAX_DRY_READS && number !== undefined) this.#meet(number + 1);
    else if (this.#dry > MAX_DRY_READS && this.#last !== undefined) this.lost();
    else if (this.#dry > MAX_DRY_READS) this.#meet(this.#channel.ring.first);
    else this.#pause = this.#channel.clock.setTimeout(again, DRY_MS, () => this.#readAgain());
  }
  #readAgain(): void {
    this.#pause = undefined;
    this.#isReading = false;
    this.#go();
  }
  lost(): void {
    if (this.#over) return;
    this.#dry = 0;
    this.#stopReading();
    this.#begin();
    this.#enter();
  }
  ended(): void {
    if (this.#over) return;
    this.#end();
    this.#items.ended(this.#reset);
  }
  failed(failure: Failure): void {
    if (this.#over) return;
    this.#end();
    this.#items.failed(failure);
  }

  // ---- delivery ----

  /** A loop avoids recursion, because the receiver of an item may request more at once. */
  #go(): void {
    if (this.#giving) return;
    this.#giving = true;
    while (!this.#over && (this.#reading === undefined ? this.#takeOne() : this.#readNext())) {}
    this.#giving = false;
  }
  #readNext(): boolean {
    if (this.#demand === 0 || this.#isReading) return false;
    this.#isReading = true;
    this.#reading?.next();
    return true;
  }
  #takeOne(): boolean {
    const { ring, over, ordered } = this.#channel;
    if (this.#number === undefined) return false;
    const last = ring.end - 1;
    if (this.#latestOnly && this.#number < last) {
      if (this.#last !== undefined) this.#reset = true; // items were left out
      this.#number = last;
    }
    const entry = ring.at(this.#number);
    if (entry === undefined && this.#number < ring.first) {
      if (this.#demand === 0) return false;
      this.#read();
      return true;
    }
    if (entry === undefined) {
      if (over === undefined) return false;
      if (over instanceof Failure) this.failed(over);
      else this.ended();
      return false;
    }
    // Another process may have delivered it before this one.
    if (ordered && this.#last !== undefined && entry.place <= this.#last) {
      this.#number++;
      return true;
    }
    if (this.#demand === 0) return false;
    // The log may have dropped it.
    if (entry.item instanceof Failure && !this.#latestOnly) {
      this.#read();
      return true;
    }
    this.#number++;
    this.#give(entry);
    return true;
  }
  #give({ item, place }: Entry<Item>): void {
    if (item instanceof Failure) {
      this.failed(item);
      return;
    }
    const last = this.#channel.isLast(item);
    const at = { token: tokenOf(this.#channel.epoch, place, last === true), reset: this.#reset };
    this.#demand--;
    if (this.#state === "opening") this.#to("open");
    this.#reset = false;
    this.#last = place;
    this.#items.item(item, at);
    this.#endBehind(last);
  }
  /** Reports whether an item is the last one of its key. The last item ends the follower. */
  #isLast(entry: Pick<Entry<Item>, "item"> | undefined): boolean {
    if (entry !== undefined && !(entry.item instanceof Failure)) this.#endBehind(this.#channel.isLast(entry.item));
    return this.#over;
  }
  #endBehind(last: boolean | Failure): void {
    if (last instanceof Failure) this.failed(last);
    else if (last) this.ended();
  }
  get #over(): boolean {
    return this.#state === "over";
  }
  #to(state: CursorState): void {
    this.#state = transition(CURSOR_TRANSITIONS, this.#state, state);
  }
  #end(): void {
    if (this.#over) return;
    this.#to("over");
    this.#stopReading();
    this.#channel.leave(this);
  }
}
const again = (run: () => void): void => run();
