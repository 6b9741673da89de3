import type { Socket } from "node:net";

/** What has come or was answered so little ago, in milliseconds, may be about to ask. Go's servers wait for 5 s for what has come (net/http, Server.Shutdown). */
const NEXT_MS = 1_000;

/** Connections of HTTP/1.1, and of no protocol yet, on which nothing is to be answered: a request may be on its way to a server that closes one. */
export class IdleConnections {
  readonly #since = new Map<Socket, number>();
  #onBusy = (): void => {};
  /** Whether any are waited for. */
  counts = true;

  /** How many there are. */
  get size(): number {
    return this.#since.size;
  }
  idle(socket: Socket): void {
    this.#since.set(socket, performance.now());
  }
  /** It has been asked something, has become another kind of connection, or is closed. */
  busy(socket: Socket): void {
    if (this.#since.delete(socket)) this.#onBusy();
  }
  /**
   * From now on only those count that may be about to ask, and for so long, in milliseconds.
   *
   * @param onFewer told whenever there are fewer
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
