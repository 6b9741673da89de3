import { systemClock, type Timer } from "@protobff/runtime/internal/clock";
import { cut, notificationText } from "./json-rpc.ts";

/** Shortest time between two notifications, in milliseconds. */
const EVERY_MS = 250;
/** Maximum length of an item's JSON in a notification, in bytes. */
const MAX_ITEM = 1_024;

/** Notifications about the items of a stream: at most four in a second, of which the last has the newest item. */
export class Progress {
  readonly #token: string | number;
  readonly #send: (notification: string) => void;
  #count = 0;
  #waiting: string | undefined;
  #timer: Timer | undefined;

  constructor(token: string | number, send: (notification: string) => void) {
    this.#token = token;
    this.#send = send;
  }
  /** @param json of the item */
  item(json: string): void {
    this.#waiting = json;
    if (this.#timer === undefined) this.#next();
  }
  close(): void {
    if (this.#timer !== undefined) systemClock.clearTimeout(this.#timer);
    this.#waiting = undefined;
  }

  #next(): void {
    this.#timer = undefined;
    if (this.#waiting === undefined) return;
    const message = cut(this.#waiting, MAX_ITEM);
    this.#waiting = undefined;
    this.#count++;
    const params = { progressToken: this.#token, progress: this.#count, message };
    this.#send(notificationText("notifications/progress", params));
    this.#timer = systemClock.setTimeout((progress: Progress) => progress.#next(), EVERY_MS, this);
  }
}
