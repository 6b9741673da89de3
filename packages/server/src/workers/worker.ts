// A worker: one of several processes that serve a port. The supervisor accepts connections and hands them over; it also says when to end.
import type { Socket } from "node:net";
import type { Connections } from "../listener/connections.ts";
import type { MetricsSnapshot } from "../metrics/snapshot.ts";
import { type Order, ours, type Report, WORKER_MARK } from "./messages.ts";

/** What the server of a worker does when it is told. */
export interface Obedient {
  /** Not ready from now on, and serving as before. */
  leave(): void;
  /** Accepts nothing more; resolves when all is answered and closed. */
  end(replaced: boolean): Promise<void>;
  /** What has been counted; undefined where nothing is. */
  snapshot(): MetricsSnapshot | undefined;
}

/** The part of `process` that a worker needs. */
type OfProcess = Pick<NodeJS.Process, "env" | "on" | "once" | "send" | "connected" | "channel" | "exit">;

/** This process as one of several. */
export class Worker implements Connections {
  /** From 1: whose place it has. Its successors have the same. */
  readonly number: number;
  readonly #process: OfProcess;
  readonly #waiting: Socket[] = [];
  #take: ((socket: Socket) => void) | undefined;
  #obedient: Obedient | undefined;
  #closed = 0;
  #ending = false;

  /** Undefined where nobody watches this process. */
  static of(process: OfProcess): Worker | undefined {
    const number = process.env[WORKER_MARK];
    if (number === undefined || process.send === undefined) return undefined;
    return new Worker(process, Number(number));
  }
  private constructor(process: OfProcess, number: number) {
    this.#process = process;
    this.number = number;
    process.on("message", (message, socket) => {
      const order = ours<Order>(message);
      if (order !== undefined) this.#ordered(order, socket as Socket | undefined);
    });
    // The supervisor has gone, whatever it died of: nobody else is left to end this process.
    // Whoever else uses the channel may have said that it keeps no process alive; a worker listens to nothing else.
    process.channel?.ref();
    process.once("disconnect", () => this.#end(false));
    // A terminal tells all processes of its group, and the supervisor says what is to be done.
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
    process.on("SIGTERM", () => this.#asked());
  }

  /** Whether it is the one that tells what is true of all: at the start each would say the same. */
  get speaks(): boolean {
    return this.number === 1;
  }
  each(take: (socket: Socket) => void): void {
    this.#take = take;
    for (const socket of this.#waiting.splice(0)) take(socket);
  }
  /** The server is up: orders are for it. */
  serves(obedient: Obedient, ready: Promise<void>): void {
    this.#obedient = obedient;
    this.#report({ bff: "up" });
    ready.then(() => this.#report({ bff: "ready" }));
    if (!this.#process.connected) this.#end(false);
  }

  #ordered(order: Order, socket: Socket | undefined): void {
    switch (order.bff) {
      case "connection":
        this.#connected(socket);
        break;
      case "leave":
        this.#obedient?.leave();
        break;
      case "end":
        this.#end(order.replaced);
        break;
      case "ping":
        this.#report({ bff: "pong" });
        break;
      case "snapshot":
        this.#count();
    }
  }
  /** @param socket undefined when the client has gone meanwhile */
  #connected(socket: Socket | undefined): void {
    this.#report({ bff: "taken" });
    if (socket === undefined) {
      this.#oneClosed();
      return;
    }
    socket.once("close", () => this.#oneClosed());
    if (this.#take === undefined) this.#waiting.push(socket);
    else this.#take(socket);
  }
  /** All of one turn are told together. */
  #oneClosed(): void {
    if (this.#closed++ > 0) return;
    setImmediate(() => {
      this.#report({ bff: "closed", count: this.#closed });
      this.#closed = 0;
    });
  }
  /** Whoever has sent this process a signal: connections may be on their way, so the supervisor says when to end. */
  #asked(): void {
    if (this.#process.connected && this.#obedient !== undefined) this.#report({ bff: "leaving" });
    else this.#end(false);
  }
  #end(replaced: boolean): void {
    if (this.#ending) return;
    this.#ending = true;
    const ended = this.#obedient?.end(replaced) ?? Promise.resolve();
    const exit = (code: number): void => this.#count(() => this.#process.exit(code));
    ended.then(
      () => exit(0),
      () => exit(1),
    );
  }
  #count(told: () => void = () => {}): void {
    const snapshot = this.#obedient?.snapshot();
    if (snapshot === undefined) told();
    else this.#report({ bff: "snapshot", snapshot }, told);
  }
  #report(report: Report, told: () => void = () => {}): void {
    // A channel that closes at this moment is told by `disconnect`.
    if (this.#process.connected) this.#process.send?.(report, undefined, undefined, () => told());
    else told();
  }
}
