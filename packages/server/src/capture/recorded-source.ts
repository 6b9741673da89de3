import { outside, type Recording } from "./recording.ts";

type Arrival = Parameters<Recording["arrives"]>[0];

/**
 * Items of an upstream's stream or of a topic, which are recorded. Events that are reported within `take` arrive in the
 * next turn, and so do faults: a replay then has no arrivals within effects or between continuations.
 */
export abstract class RecordedSource {
  protected readonly of: Recording;
  protected readonly index: number;
  #isTaking = false;
  /** Events that wait for the next turn. Undefined: none. */
  #waiting: (() => void)[] | undefined;

  constructor(of: Recording) {
    this.of = of;
    this.index = of.next.stream++;
  }
  /** Requests further items. */
  protected requests(items: number, take: () => void): void {
    this.of.affects(["take", this.index, items]);
    this.#isTaking = true;
    outside(take, undefined);
    this.#isTaking = false;
  }
  protected closes(close: () => void): void {
    this.of.affects(["close", this.index]);
    this.#waiting = this.#waiting && [];
    outside(close, undefined);
  }
  /**
   * @param bytes size of the event in the file
   * @param isFault true to wait for the next turn: without a connection it comes between continuations
   */
  protected arrives(event: Arrival, bytes: number, run: () => void, isFault = false): void {
    const arrive = (): void => {
      this.of.spend(bytes);
      this.of.arrives(event, run, undefined);
    };
    if (this.#waiting !== undefined) this.#waiting.push(arrive);
    else if (this.#isTaking || isFault) {
      this.#waiting = [arrive];
      outside(() => setImmediate(deliver, this as Waiting), undefined);
    } else arrive();
  }
  /** Called in the next turn. Items that are taken meanwhile follow at once. */
  deliver(): void {
    for (let next = this.#waiting?.shift(); next !== undefined; next = this.#waiting?.shift()) next();
    this.#waiting = undefined;
  }
}

interface Waiting {
  deliver(): void;
}
const deliver = (source: Waiting): void => source.deliver();
