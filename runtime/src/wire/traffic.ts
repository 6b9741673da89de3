/**
 * Bytes of the messages of an RPC or of an upstream's method, as they are on the wire: compressed, and without headers
 * and frames. Errors are no messages. Transports add to the counters, and observers read them.
 *
 * @example
 * const all = new Map<string, Traffic>();
 * const observer: Observer = { rpc: ({ method, traffic }) => void all.set(method, traffic) };
 */
export class Traffic {
  received = 0;
  sent = 0;

  /** Adds the size of a received message. */
  countReceived(bytes: number): void {
    this.received += bytes;
  }
  /** Adds the size of a sent message. */
  countSent(bytes: number): void {
    this.sent += bytes;
  }
}
