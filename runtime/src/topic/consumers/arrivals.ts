import type { StoredMessage } from "../nats-link.ts";

/** Most items that wait at once for the proof that nothing is missing before them, and most bytes of them. */
const MAX_WAITING = 1_024;
const MAX_WAITING_BYTES = 1_048_576;

interface Arrival {
  readonly stored: StoredMessage;
  readonly since: number;
}

/** Receives the items of a consumer in their order. */
interface ArrivalsReceiver {
  arrived(stored: StoredMessage): void;
  /** Reports that items before the next one were dropped before their delivery. */
  gap(): void;
  /** Reports that the proof failed, or that too many items wait for it. The last call. */
  unproven(error: unknown): void;
}

/**
 * Items between a consumer and the ring. A consumer silently skips items that the stream has dropped. Each item
 * therefore waits for the proof that its predecessor is still kept: then no item between the two was dropped.
 * Consecutive sequence numbers need no proof.
 */
export class Arrivals {
  readonly #receiver: ArrivalsReceiver;
  readonly #isWhole: (seq: number) => Promise<boolean>;
  #last: number;
  #waiting: Arrival[] = [];
  #bytes = 0;
  #proving = false;
  #closed = false;

  /**
   * @param last the sequence number after which items arrive; 0 if no item existed
   * @param isWhole reports whether no item after a sequence number was dropped
   */
  constructor(last: number, isWhole: (seq: number) => Promise<boolean>, receiver: ArrivalsReceiver) {
    this.#last = last;
    this.#isWhole = isWhole;
    this.#receiver = receiver;
  }
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }
  /** Sequence number through which all items have passed, if all through `seq` have been added. */
  passed(seq: number): number {
    return this.#waiting.length === 0 ? Math.max(seq, this.#last) : this.#last;
  }
  /** @param since sequence number after which the consumer has received each item of the stream, up to this one */
  add(stored: StoredMessage, since: number): void {
    const seq = this.#waiting.at(-1)?.stored.seq ?? this.#last;
    if (this.#closed || stored.seq <= seq) return;
    this.#waiting.push({ stored, since });
    this.#bytes += stored.data.length;
    if (this.#proving) {
      if (this.#waiting.length > MAX_WAITING || this.#bytes > MAX_WAITING_BYTES) {
        this.#fail(new Error("too many items wait"));
      }
      return;
    }
    this.#passNeighbours();
    if (this.#waiting.length > 0) void this.#prove();
  }

  async #prove(): Promise<void> {
    this.#proving = true;
    try {
      while (this.#waiting.length > 0) {
        const count = this.#waiting.length;
        const whole = await this.#isWhole(this.#last);
        if (this.#closed) return;
        if (!whole) this.#receiver.gap();
        this.#pass(whole ? count : 1);
        this.#passNeighbours();
      }
      this.#proving = false;
    } catch (error) {
      this.#fail(error);
    }
  }
  #passNeighbours(): void {
    for (const { since } of [...this.#waiting]) {
      if (this.#last !== 0 && this.#last < since) return;
      this.#pass(1);
    }
  }
  #pass(count: number): void {
    for (const { stored } of this.#waiting.splice(0, count)) {
      if (this.#closed) return;
      this.#bytes -= stored.data.length;
      this.#last = stored.seq;
      this.#receiver.arrived(stored);
    }
  }
  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#receiver.unproven(error);
  }
}
