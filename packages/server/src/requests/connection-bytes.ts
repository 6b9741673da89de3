/**
 * A connection, and the bytes that it holds besides bodies in flight: headers, and written answers that are not taken.
 */
export interface ConnectionHold {
  /** `ConnectionBytes` alone writes it. */
  heldBytes: number;
  /** Ends it, and with that it holds nothing. */
  calm(why: string): void;
}

export interface ConnectionBounds {
  /** Maximum of all connections of the process, in bytes. */
  readonly all: number;
  /** Maximum of one connection, in bytes. */
  readonly perConnection: number;
}
const BOUNDS: ConnectionBounds = { all: 64 << 20, perConnection: 16 << 20 };
/** Eighths of the bound that remain when it is exceeded: one pass over all connections frees an eighth at once. */
const KEPT_EIGHTHS = 7;

/**
 * Bounds the bytes that connections hold, over the process. It ends those that hold the most, so that a small holder is
 * never affected.
 */
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
  /** Sets the bytes that a connection holds. This or other connections may be ended before it returns. */
  set(connection: ConnectionHold, bytes: number): void {
    this.#bytes += bytes - connection.heldBytes;
    connection.heldBytes = bytes;
    if (bytes > this.#bounds.perConnection) connection.calm("it holds more memory than a connection may have");
    if (this.#bytes > this.#bounds.all) this.#makeRoom();
  }
  #makeRoom(): void {
    const enough = (this.#bounds.all / 8) * KEPT_EIGHTHS;
    for (const connection of [...this.#connections].sort((a, b) => b.heldBytes - a.heldBytes)) {
      if (this.#bytes <= enough || connection.heldBytes === 0) return;
      connection.calm("all connections together hold more memory than they may have, and this one the most");
    }
  }
}
