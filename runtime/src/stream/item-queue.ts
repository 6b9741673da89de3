// Queue of the items of one stream between its source and its follower, in their order.
import type { Message } from "@bufbuild/protobuf";
import type { Degraded } from "../compose/degrade.ts";
import type { Exchange } from "../compose/exchange.ts";
import type { Failure } from "../failure.ts";
import type { At } from "../source/source.ts";

/** Suffix of the token of an item for which `until` was true. No token of a source contains it. */
const LAST = "~";
export const isLastToken = (token: string | undefined): boolean => token?.endsWith(LAST) === true;

/** An item in the queue. */
export class QueuedItem<Item> {
  readonly item: Item;
  /** Undefined if the source cannot be resumed. */
  token: string | undefined;
  /** True for a reset of this item, or of one before it that the follower did not receive. */
  reset: boolean;
  /** `waiting`: for its turn to be composed; `dropped`: it is not delivered, and its token is passed over. */
  state: "waiting" | "composing" | "composed" | "dropped" | "failed" = "waiting";
  /** Set while work for it runs. */
  exchange: Exchange | undefined;
  /** Set after it was composed. */
  message: Message | undefined;
  /** Degradation of the message. */
  lacking: Degraded | undefined;
  /** Set after it failed. */
  failure: Failure | undefined;

  constructor(item: Item, { token }: At, reset: boolean) {
    this.item = item;
    this.token = token;
    this.reset = reset;
  }
  /** @param lacking degradation of the message; undefined: none */
  composed(message: Message, lacking: Degraded | undefined): void {
    this.stop();
    this.state = "composed";
    this.message = message;
    this.lacking = lacking;
  }
  /**
   * Token at which the follower resumes after this item was delivered or passed over. Undefined for a dropped item with
   * a reset: a follower that resumed after it would never receive the reset.
   */
  get behind(): string | undefined {
    return this.state === "dropped" && this.reset ? undefined : this.token;
  }
  /** Marks it as the last item. The token contains the mark, because the source may not have the fact. */
  markLast(): void {
    if (this.token !== undefined) this.token += LAST;
  }
  /** Stops all work for the item. */
  stop(): void {
    this.exchange?.end();
    this.exchange = undefined;
  }
}

/** Queue of items. Dropped items take no room: of several in a row the last one is kept. */
export class ItemQueue<Item> {
  #slots: QueuedItem<Item>[] = [];
  #live = 0;

  /** Number of items on their way to the follower. */
  get live(): number {
    return this.#live;
  }
  get head(): QueuedItem<Item> | undefined {
    return this.#slots[0];
  }
  add(slot: QueuedItem<Item>): void {
    this.#slots.push(slot);
    this.#live++;
  }
  /** Drops the newest item. */
  dropNewest(): void {
    const slot = this.#slots.at(-1);
    if (slot === undefined) return;
    slot.stop();
    slot.state = "dropped";
    this.#live--;
    if (this.#slots.at(-2)?.state === "dropped") this.#slots.splice(-2, 1);
  }
  shift(): void {
    const slot = this.#slots.shift();
    if (slot !== undefined && slot.state !== "dropped") this.#live--;
  }
  /**
   * Removes the items that wait before this one, the newest.
   *
   * @returns true if the follower would have received one of them
   */
  supersede(newest: QueuedItem<Item>): boolean {
    const first = this.#slots.findIndex(({ state }) => state === "waiting");
    const last = this.#slots.indexOf(newest);
    if (first < 0 || first >= last) return false;
    for (const { state } of this.#slots.splice(first, last - first)) if (state !== "dropped") this.#live--;
    return true;
  }
  /** Removes the items after this one. */
  cutBehind(slot: QueuedItem<Item>): void {
    const at = this.#slots.indexOf(slot);
    for (const later of this.#slots.splice(at + 1)) {
      later.stop();
      if (later.state !== "dropped") this.#live--;
    }
  }
  clear(): void {
    for (const slot of this.#slots) slot.stop();
    this.#slots = [];
    this.#live = 0;
  }
}
