/** A party whose bytes count: an incoming request, or an answer that is not taken. */
export interface Holder {
  /** Number of held bytes; only `PendingBytes` writes it. */
  heldBytes: number;
  /** Index among the holders; only `PendingBytes` writes it. */
  holderSlot: number;
  /** The smaller, the older. */
  readonly holderNumber: number;
  /** The address of the client; "" for an unknown one. Read only when there is too much. */
  readonly clientAddress: string;
  /** The connection of the client. Read only when there is too much. */
  readonly connection: object;
  /** Ends it, and releases its bytes at once. */
  giveUp(): void;
}

/**
 * Weight of a request until it is answered, in bytes, besides its headers and its body: the memory of a composed
 * request.
 */
const REQUEST_BYTES = 8 << 10;
/** @param raw names and values of headers in turn */
export function requestBytes(raw: readonly string[]): number {
  let bytes = REQUEST_BYTES;
  for (const text of raw) bytes += text.length;
  return bytes;
}

export const DEFAULT_MAX_PENDING_BYTES = 128 << 20;
/** Eighths of the bound that remain when it is exceeded: one pass over all holders frees an eighth at once. */
const KEPT_EIGHTHS = 7;

/**
 * The bytes of all bodies in flight in the process: of requests until they are answered, and of answers until they are
 * taken. Above the limit the clients that hold the most lose bodies, until each of them holds at most the same.
 */
export class PendingBytes {
  readonly #maxBytes: number;
  readonly #holders: Holder[] = [];
  #bytes = 0;
  #number = 0;
  #givenUp = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
  /** Number of holders that were given up. */
  get canceled(): number {
    return this.#givenUp;
  }
  /** For the next holder. */
  nextNumber(): number {
    return ++this.#number;
  }
  /** Adds bytes to a holder. The holder may be given up before this returns. */
  add(holder: Holder, bytes: number): void {
    if (bytes === 0) return;
    if (holder.heldBytes === 0) {
      holder.holderSlot = this.#holders.length;
      this.#holders.push(holder);
    }
    holder.heldBytes += bytes;
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
  }
  /** Subtracts bytes from a holder. A holder that holds nothing is left unchanged. */
  remove(holder: Holder, bytes: number): void {
    if (bytes >= holder.heldBytes) {
      this.release(holder);
      return;
    }
    holder.heldBytes -= bytes;
    this.#bytes -= bytes;
  }
  /** Removes a holder with all its bytes. */
  release(holder: Holder): void {
    if (holder.heldBytes === 0) return;
    this.#bytes -= holder.heldBytes;
    holder.heldBytes = 0;
    const last = this.#holders.pop();
    if (last === undefined || last === holder) return;
    this.#holders[holder.holderSlot] = last;
    last.holderSlot = holder.holderSlot;
  }

  #makeRoom(): void {
    const enough = (this.#maxBytes / 8) * KEPT_EIGHTHS;
    const clients = clientsOf(this.#holders);
    const level = levelOf(clients, this.#bytes - enough);
    for (const client of clients) {
      let { bytes } = client;
      for (const holder of byWeight(client.holders)) {
        if (bytes <= level || this.#bytes <= enough) break;
        const { heldBytes } = holder;
        if (heldBytes === 0) continue; // ended with another
        bytes -= heldBytes;
        this.#givenUp++;
        holder.giveUp();
        this.release(holder);
      }
    }
  }
}

/** All bodies of one address. */
interface Client {
  bytes: number;
  readonly holders: Holder[];
}
/** Groups holders by address, those with the most bytes first. */
function clientsOf(holders: readonly Holder[]): Client[] {
  const clients = new Map<string, Client>();
  for (const holder of holders) {
    const { clientAddress, heldBytes } = holder;
    const client = clients.get(clientAddress);
    if (client === undefined) clients.set(clientAddress, { bytes: heldBytes, holders: [holder] });
    else {
      client.bytes += heldBytes;
      client.holders.push(holder);
    }
  }
  return [...clients.values()].sort((a, b) => b.bytes - a.bytes);
}
/** Returns the bytes that each client may keep so that all together hold `excess` bytes less. */
function levelOf(clients: readonly Client[], excess: number): number {
  let sum = 0;
  for (const [at, { bytes }] of clients.entries()) {
    sum += bytes;
    const level = (sum - excess) / (at + 1);
    if (level >= (clients[at + 1]?.bytes ?? 0)) return level;
  }
  return 0;
}
/** The bodies of the heaviest connection first; of one connection the largest, of equal ones the oldest. */
function byWeight(holders: readonly Holder[]): Holder[] {
  const ofConnection = new Map<object, number>();
  const weighed = holders.map((holder) => ({ holder, bytes: holder.heldBytes, connection: holder.connection }));
  for (const { connection, bytes } of weighed)
    ofConnection.set(connection, (ofConnection.get(connection) ?? 0) + bytes);
  const weightOf = (connection: object) => ofConnection.get(connection) ?? 0;
  return weighed
    .sort(
      (a, b) =>
        weightOf(b.connection) - weightOf(a.connection) ||
        b.bytes - a.bytes ||
        a.holder.holderNumber - b.holder.holderNumber,
    )
    .map(({ holder }) => holder);
}
