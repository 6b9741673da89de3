import type { Socket } from "node:net";

/**
 * Time after the last bytes or answer for which a connection may send a request, in milliseconds. Go's servers wait 5 s
 * after the last bytes (net/http, Server.Shutdown).
 */
const NEXT_MS = 1_000;

/**
 * Idle connections of HTTP/1.1, or of a protocol not yet detected. A request may be on its way when the server closes
 * one.
 */
export class IdleConnections {
  readonly #since = new Map<Socket, number>();
  #onBusy = (): void => {};
  /** True while idle connections are counted. */
  counts = true;

  /** Number of idle connections. */
  get size(): number {
    return this.#since.size;
  }
  idle(socket: Socket): void {
    this.#since.set(socket, performance.now());
  }
  /** Removes a connection that has a request, has switched protocols, or is closed. */
  busy(socket: Socket): void {
    if (this.#since.delete(socket)) this.#onBusy();
  }
  /**
   * Counts only connections that were active recently, for at most `ms` milliseconds.
   *
   * @param onFewer called whenever the number falls
   */
  awaitNext(ms: number, onFewer: () => void): void {
    const from = performance.now() - NEXT_MS;
    for (const [socket, since] of this.#since) if (since < from) this.#since.delete(socket);
    this.#onBusy = onFewer;
    const nobody = (): void => {
      this.counts = false;
      this.#since.clear();
      onFewer();
    };
    setTimeout(nobody, Math.min(ms, NEXT_MS)).unref();
  }
}
