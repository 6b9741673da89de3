/** A connection, and what it holds besides bodies that are under way: headers, and answers that were written and not taken. */
export interface ConnectionHold {
  /** `ConnectionBytes` alone writes it. */
  heldBytes: number;
  /** Ends it, and with that it holds nothing. */
  calm(why: string): void;
}

export interface ConnectionBounds {
  /** Of all connections of the process, in bytes. */
  readonly all: number;
  /** Of one. */
  readonly one: number;
}
const BOUNDS: ConnectionBounds = { all: 64 << 20, one: 16 << 20 };
/** When there is too much, so many of eight parts may stay: one look at all connections frees an eighth at once. */
const KEPT_EIGHTHS = 7;

/** Bounds what connections hold, over the process: those that hold the most are ended, so that who holds little is never concerned. */
export class ConnectionBytes {
  readonly #connections: Iterable<ConnectionHold>;
  readonly #bounds: ConnectionBounds;
  #bytes = 0;

  constructor(connections: Iterable<ConnectionHold>, bounds = BOUNDS) {
    this.#connections = connections;
    this.#bounds = bounds;
  }
  get bytes(): number {
    return this.#bytes;
  }
  /** It holds so many now. It may be that it, or others, are ended before this returns. */
  set(one: ConnectionHold, bytes: number): void {
    this.#bytes += bytes - one.heldBytes;
    one.heldBytes = bytes;
    if (bytes > this.#bounds.one) one.calm("it holds more memory than a connection may have");
    if (this.#bytes > this.#bounds.all) this.#makeRoom();
  }
  #makeRoom(): void {
    const enough = (this.#bounds.all / 8) * KEPT_EIGHTHS;
    for (const one of [...this.#connections].sort((a, b) => b.heldBytes - a.heldBytes)) {
      if (this.#bytes <= enough || one.heldBytes === 0) return;
      one.calm("all connections together hold more memory than they may have, and this one the most");
    }
  }
}
