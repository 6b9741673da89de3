import type { Socket } from "node:net";

/** A session of HTTP/2, of either implementation. */
interface Session {
  close(): void;
}
/** The session, or its socket. */
interface Closing {
  once(event: "close", listener: () => void): unknown;
}

/** Connections that begin together do not all end together. */
const JITTER = 0.1;

/** Limits the age of client connections, so that new or returning servers get their share of them. */
export class ConnectionAge {
  readonly #maxMs: number;
  /** End of each HTTP/1.1 connection's life, as of performance.now(). */
  readonly #until = new WeakMap<Socket, number>();

  /** @param maxMs in milliseconds, a tenth more or less; 0: any age */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }
  /**
   * Closes an HTTP/2 session with GOAWAY at its maximum age. Running requests end, and the client opens another
   * connection.
   */
  limit(session: Session, closing: Closing): void {
    if (this.#maxMs === 0) return;
    const timer = setTimeout(close, this.#ageMs(), session).unref();
    closing.once("close", () => clearTimeout(timer));
  }
  begins(socket: Socket): void {
    if (this.#maxMs > 0) this.#until.set(socket, performance.now() + this.#ageMs());
  }
  /** True if the next answer on it must be the last. */
  isOver(socket: Socket): boolean {
    return this.#maxMs > 0 && performance.now() >= (this.#until.get(socket) ?? Number.POSITIVE_INFINITY);
  }
  #ageMs(): number {
    return this.#maxMs * (1 + JITTER * (2 * Math.random() - 1));
  }
}

function close(session: Session): void {
  session.close();
}
