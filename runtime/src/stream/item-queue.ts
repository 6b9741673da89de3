// The items of one stream that are between its source and its follower, in their order.
import type { Message } from "@bufbuild/protobuf";
import type { Degraded } from "../compose/degrade.ts";
import type { Exchange } from "../compose/exchange.ts";
import type { Failure } from "../failure.ts";
import type { At } from "../source/source.ts";

/** Behind the token of an item that `until` was true of. In no token of a source. */
const LAST = "~";
export const isLastToken = (token: string | undefined): boolean => token?.endsWith(LAST) === true;

/** One of them. */
export class QueuedItem<Item> {
  readonly item: Item;
  /** Undefined where the source cannot be resumed. */
  token: string | undefined;
  /** Of this item, or of one before it that its follower was not given. */
  reset: boolean;
  /** `waiting`: for its turn to be composed; `dropped`: nobody wants it, and its token is passed over. */
  state: "waiting" | "composing" | "composed" | "dropped" | "failed" = "waiting";
  /** While anything runs for it. */
  exchange: Exchange | undefined;
  /** Once composed. */
  message: Message | undefined;
  /** What the message lacks. */
  lacking: Degraded | undefined;
  /** Once failed. */
  failure: Failure | undefined;

  constructor(item: Item, { token }: At, reset: boolean) {
    this.item = item;
    this.token = token;
    this.reset = reset;
  }
  /** @param lacking what of it is degraded; undefined: nothing */
  composed(message: Message, lacking: Degraded | undefined): void {
    this.stop();
    this.state = "composed";
    this.message = message;
    this.lacking = lacking;
  }
  /** Where its follower goes on once this has been given or passed over: behind a reset that it was not told of it would never hear of that. */
  get behind(): string | undefined {
    return this.state === "dropped" && this.reset ? undefined : this.token;
  }
  /** Nothing will follow it: its token says so, for the source need not know. */
  markLast(): void {
    if (this.token !== undefined) this.token += LAST;
  }
  /** Whatever runs for it is stopped. */
  stop(): void {
    this.exchange?.end();
    this.exchange = undefined;
  }
}

/** Items that are dropped take no room: of several in a row the last one is kept. */
export class ItemQueue<Item> {
  #slots: QueuedItem<Item>[] = [];
  #live = 0;

  /** How many are on their way to the follower. */
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
  /** Nobody wants the newest one. */
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
   * Takes away what waits before this one, the newest.
   *
   * @returns whether the follower would have been given something
   */
  supersede(newest: QueuedItem<Item>): boolean {
    const first = this.#slots.findIndex(({ state }) => state === "waiting");
    const last = this.#slots.indexOf(newest);
    if (first < 0 || first >= last) return false;
    for (const { state } of this.#slots.splice(first, last - first)) if (state !== "dropped") this.#live--;
    return true;
  }
  /** Takes away what stands behind this one. */
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
