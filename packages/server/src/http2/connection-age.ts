import type { Socket } from "node:net";

/** A connection of HTTP/2, whoever makes its frames. */
interface Session {
  close(): void;
}
/** It, or its socket. */
interface Closing {
  once(event: "close", gone: () => void): unknown;
}

/** Connections that begin together do not all end together. */
const JITTER = 0.1;

/** How old connections of clients may become, so that servers that are new, or were away, get their share of them. */
export class ConnectionAge {
  readonly #maxMs: number;
  /** Of HTTP/1.1: when each is old, by performance.now(). */
  readonly #until = new WeakMap<Socket, number>();

  /** @param maxMs in milliseconds, a tenth more or less; 0: any age */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }
  /** It is told by GOAWAY when it is old: what runs ends, and the client makes another connection. */
  limit(session: Session, closing: Closing): void {
    if (this.#maxMs === 0) return;
    const timer = setTimeout(close, this.#ageMs(), session).unref();
    closing.once("close", () => clearTimeout(timer));
  }
  begins(socket: Socket): void {
    if (this.#maxMs > 0) this.#until.set(socket, performance.now() + this.#ageMs());
  }
  /** Whether the next answer on it is to be the last. */
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
