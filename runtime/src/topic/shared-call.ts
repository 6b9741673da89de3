import type { CallContext } from "../call/context.ts";
import { type Failure, invalid, Reason } from "../failure.ts";
import type { At, ItemSource, Items, OpenSource } from "../source/source.ts";
import { quotedKey } from "./key.ts";
import type { Entry, Log, Place, ReadReceiver, Tail, TailReceiver } from "./log.ts";
import { processContext } from "./process-context.ts";

/** Opens the stream of a key. */
export type OpenCall<Item> = OpenSource<CallContext, string, undefined, Item>;

/**
 * Longest time that the stream of a key stays open without followers of the key, in milliseconds, because clients
 * return. The stream ends earlier if another stream needs its place.
 */
export const LINGER_MS = 60_000;
/** Epoch in the tokens of a topic whose log is an upstream's. It is the same in every process. */
const EPOCH = "call";

/**
 * Items of an upstream's server stream: one stream per key for all followers in this process. A follower that resumes
 * further behind uses a separate stream. The upstream decides the places from which it can resume.
 */
export class SharedCall<Item> implements Log<Item> {
  readonly ordered = false;
  readonly lingerMs = LINGER_MS;
  readonly epoch = EPOCH;
  /** Number of open streams. */
  consumers = 0;
  readonly #open: OpenCall<Item>;
  readonly #count = (by: number): void => {
    this.consumers += by;
  };
  readonly #cx: CallContext = processContext();

  constructor(open: OpenCall<Item>) {
    this.#open = open;
  }
  tail(key: string, receiver: TailReceiver<Item>): Tail {
    const tail = new CallTail(key, receiver, this.#count);
    tail.source = this.#open(this.#cx, key, undefined, undefined, tail);
    tail.source.next();
    return tail;
  }
  read(key: string, after: Place | undefined, receiver: ReadReceiver<Item>): ItemSource {
    const reading = new CallReading(key, receiver, after === undefined ? undefined : String(after), this.#count);
    reading.source = this.#open(this.#cx, key, undefined, reading.resume, reading);
    return reading;
  }
}

/** Assigns places to items. Items without a position are counted from the last item that has one. */
class Places {
  #token = "";
  #count = 0;

  /** @param token undefined if no item has had a position yet */
  next(token = ""): string {
    this.#count = token === this.#token ? this.#count + 1 : 0;
    this.#token = token;
    return this.#count === 0 ? token : `${token}${COUNTED}${this.#count}`;
  }
  /** Begins after a place. */
  behind(token: string): void {
    this.#token = token;
    this.#count = 0;
  }
}
/** Separator of the count, which no token of a position contains. */
const COUNTED = "#";

/** Adds the key to the failure of an invalid item. */
function ofKey(key: string, failure: Failure): Failure {
  if (failure.reason !== Reason.INVALID) return failure;
  return invalid(failure.method || failure.upstream, `key ${quotedKey(key)}, ${failure.logText}`, failure.cause);
}

class CallTail<Item> implements Items<Item>, Tail {
  source: ItemSource | undefined;
  readonly #key: string;
  readonly #receiver: TailReceiver<Item>;
  readonly #count: (by: number) => void;
  readonly #places = new Places();
  #stands = false;
  #closed = false;

  constructor(key: string, receiver: TailReceiver<Item>, count: (by: number) => void) {
    this.#key = key;
    this.#receiver = receiver;
    this.#count = count;
    count(1);
    queueMicrotask(() => this.#stand());
  }
  #stand(): void {
    if (this.#stands || this.#closed) return;
    this.#stands = true;
    this.#receiver.opened({ epoch: EPOCH, from: undefined });
  }
  opened(): void {
    this.#stand();
    this.#receiver.accepted();
  }
  item(item: Item, { token }: At, bytes = 0): void {
    this.#stand();
    this.#receiver.accepted();
    if (this.#closed) return;
    this.#receiver.entry({ place: this.#places.next(token), item, bytes });
    if (!this.#closed) this.source?.next();
  }
  ended(): void {
    this.#stand();
    this.#close();
    this.#receiver.ended();
  }
  failed(failure: Failure): void {
    this.#stand();
    this.#close();
    this.#receiver.failed(ofKey(this.#key, failure));
  }
  idle(giveWay: (() => void) | undefined): void {
    this.source?.idle?.(giveWay);
  }
  close(): void {
    if (this.#closed) return;
    this.#close();
    this.source?.cancel();
  }
  #close(): void {
    this.#closed = true;
    this.#count(-1);
  }
}

class CallReading<Item> implements Items<Item>, ItemSource {
  source: ItemSource | undefined;
  /** Token after which the call resumes. */
  readonly resume: string | undefined;
  readonly #key: string;
  readonly #receiver: ReadReceiver<Item>;
  readonly #count: (by: number) => void;
  readonly #places = new Places();
  #skips: number; // number of items that were delivered before, and have no position
  #over = false;

  constructor(key: string, receiver: ReadReceiver<Item>, after: string | undefined, count: (by: number) => void) {
    this.#key = key;
    this.#receiver = receiver;
    this.#count = count;
    count(1);
    const [token = "", bare] = after?.split(COUNTED) ?? [];
    this.resume = token === "" ? undefined : token;
    this.#skips = Number(bare ?? 0);
    this.#places.behind(token);
  }
  next(): void {
    this.source?.next();
  }
  cancel(): void {
    this.#end();
    this.source?.cancel();
  }
  #end(): void {
    if (!this.#over) this.#count(-1);
    this.#over = true;
  }
  opened(): void {
    this.#receiver.accepted();
  }
  item(item: Item, { token, reset }: At, bytes = 0): void {
    if (reset) {
      this.cancel();
      this.#receiver.lost();
      return;
    }
    const entry: Entry<Item> = { place: this.#places.next(token), item, bytes };
    if (this.#skips > 0 && String(entry.place).includes(COUNTED)) {
      this.#skips--;
      this.source?.next();
      return;
    }
    this.#skips = 0;
    if (!this.#over) this.#receiver.entry(entry);
  }
  ended(): void {
    this.#end();
    this.#receiver.ended();
  }
  failed(failure: Failure): void {
    this.#end();
    this.#receiver.failed(ofKey(this.#key, failure));
  }
}
