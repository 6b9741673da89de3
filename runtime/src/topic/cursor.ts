import type { Timer } from "../clock.ts";
import { Failure } from "../failure.ts";
import type { ItemSource, Items } from "../source/source.ts";
import type { Channel, ChannelReader } from "./channel.ts";
import type { Entry, Place, ReadReceiver } from "./log.ts";
import { readToken, tokenOf } from "./token.ts";

/** What is in nobody's log may be on its way to a replica of it: asked again after so long, in milliseconds, and so often. */
const DRY_MS = 100;
const MOST_DRY = 10;

/** How a key is followed. */
export interface CursorOptions {
  /** The token of the item behind which to go on; undefined: from the oldest that there is. */
  readonly resume: string | undefined;
  /** Gives the newest item that there is each time, and none between. */
  readonly latestOnly: boolean;
  readonly comesAgainMs: number;
}

/**
 * One follower of a key: a place in its log. It takes items from the ring of the process; behind that it reads on its own, until it meets
 * the ring. It is never waited for, and holds no items.
 */
export class Cursor<Item> implements ItemSource, ReadReceiver<Item>, ChannelReader<Item> {
  readonly #channel: Channel<Item>;
  readonly #items: Items<Item>;
  readonly #latestOnly: boolean;
  /** Its client is likely to come again within this time, in milliseconds. */
  readonly comesAgainMs: number;
  #token: string | undefined; // as long as nobody has looked at it
  #last: Place | undefined; // of the item that was given last, or that the token stands for
  #reset = false;
  #number: number | undefined; // in the ring
  #reading: ItemSource | undefined;
  #asked = false; // whether `#reading` owes something
  #dry = 0;
  #pause: Timer | undefined;
  #wanted = 0;
  #giving = false;
  #told = false;
  #over = false;

  constructor(channel: Channel<Item>, { resume, latestOnly, comesAgainMs }: CursorOptions, items: Items<Item>) {
    this.#channel = channel;
    this.#token = resume;
    this.#latestOnly = latestOnly;
    this.comesAgainMs = comesAgainMs;
    this.#items = items;
  }
  next(): void {
    this.#wanted++;
    this.#go();
  }
  cancel(): void {
    this.#end();
  }

  // ---- what the channel tells ----

  /** Whoever has the log answers. */
  accepted(): void {
    if (this.#told || this.#over) return;
    this.#told = true;
    this.#items.opened?.();
  }
  /** The ring stands. */
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
  /** The ring does not stand any more; what was given counts no longer. */
  replaced(): void {
    if (this.#last !== undefined) this.#begin();
    this.#stopReading();
    this.#number = undefined;
  }
  /** Nothing will come of the ring any more. */
  closed(): void {
    const { over } = this.#channel;
    if (over instanceof Failure && this.#number === undefined) this.failed(over);
    else this.#go();
  }

  // ---- where it stands ----

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
  /** From the beginning, and told so. */
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
    this.#asked = false;
    reading?.cancel();
  }

  // ---- what reading gives ----

  at(entry: Entry<Item>): void {
    if (this.#over || this.#isLast(entry) || !this.#latestOnly) return;
    const { ring } = this.#channel;
    const number = ring.behind(this.#last);
    if (number === undefined) this.#reset = true; // something is left out
    this.#meet(number ?? Math.max(ring.first, ring.end - 1));
  }
  entry(entry: Entry<Item>): void {
    if (this.#over) return;
    this.#asked = false;
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
    else if (++this.#dry > MOST_DRY && number !== undefined) this.#meet(number + 1);
    else if (this.#dry > MOST_DRY && this.#last !== undefined) this.lost();
    else if (this.#dry > MOST_DRY) this.#meet(this.#channel.ring.first);
    else this.#pause = this.#channel.clock.setTimeout(again, DRY_MS, () => this.#askAgain());
  }
  #askAgain(): void {
    this.#pause = undefined;
    this.#asked = false;
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

  // ---- giving ----

  /** A loop and not a recursion: what is given may ask for more at once. */
  #go(): void {
    if (this.#giving) return;
    this.#giving = true;
    while (!this.#over && (this.#reading === undefined ? this.#takeOne() : this.#askOne())) {}
    this.#giving = false;
  }
  #askOne(): boolean {
    if (this.#wanted === 0 || this.#asked) return false;
    this.#asked = true;
    this.#reading?.next();
    return true;
  }
  #takeOne(): boolean {
    const { ring, over, ordered } = this.#channel;
    if (this.#number === undefined) return false;
    const last = ring.end - 1;
    if (this.#latestOnly && this.#number < last) {
      if (this.#last !== undefined) this.#reset = true; // something is left out
      this.#number = last;
    }
    const entry = ring.at(this.#number);
    if (entry === undefined && this.#number < ring.first) {
      if (this.#wanted === 0) return false;
      this.#read();
      return true;
    }
    if (entry === undefined) {
      if (over === undefined) return false;
      if (over instanceof Failure) this.failed(over);
      else this.ended();
      return false;
    }
    // Another process may have seen it before this one.
    if (ordered && this.#last !== undefined && entry.place <= this.#last) {
      this.#number++;
      return true;
    }
    if (this.#wanted === 0) return false;
    // The log may have it no longer.
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
    this.#wanted--;
    this.#told = true;
    this.#reset = false;
    this.#last = place;
    this.#items.item(item, at);
    this.#endBehind(last);
  }
  /** Whether it is the last one of its key: then it has ended. */
  #isLast(entry: Pick<Entry<Item>, "item"> | undefined): boolean {
    if (entry !== undefined && !(entry.item instanceof Failure)) this.#endBehind(this.#channel.isLast(entry.item));
    return this.#over;
  }
  #endBehind(last: boolean | Failure): void {
    if (last instanceof Failure) this.failed(last);
    else if (last) this.ended();
  }
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopReading();
    this.#channel.leave(this);
  }
}
const again = (run: () => void): void => run();
