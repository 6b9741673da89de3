// A worker: one of several processes that serve a port. The supervisor accepts connections, hands them over, and orders
// the end.
import type { Socket } from "node:net";
import type { Connections } from "../listener/connections.ts";
import type { MetricsSnapshot } from "../metrics/snapshot.ts";
import type { Load } from "../overload/load.ts";
import { type Order, ours, type Report, WORKER_MARK } from "./messages.ts";

/** The server of a worker, as the supervisor controls it. */
export interface Obedient {
  /** Reports not ready from now on, and serves as before. */
  leave(): void;
  /** Accepts nothing more; resolves when all is answered and closed. */
  end(replaced: boolean): Promise<void>;
  /** Returns the refusals under overload. */
  load(): Load;
  /** Purges cached answers by the names of their tags; undefined: none have tags. */
  readonly purge?: ((names: readonly string[]) => Promise<void>) | undefined;
  /** Returns the metrics; undefined if there are none. */
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

  /** Returns undefined if this process has no supervisor. */
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
    // The supervisor has died, for any reason: no other process is left to end this one. Other users of the channel may
    // have unreferenced it, but a worker listens to nothing else.
    process.channel?.ref();
    process.once("disconnect", () => this.#end(false));
    // A terminal signals all processes of its group, but only the supervisor acts.
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});
    process.on("SIGTERM", () => this.#stop());
  }

  /** True if this worker reports facts that hold for all workers, which each would repeat at the start. */
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
        this.#report({ bff: "pong", load: this.#obedient?.load() ?? "calm" });
        break;
      case "purge":
        void this.#purge(order.round, order.names);
        break;
      case "snapshot":
        this.#count();
    }
  }
  /** A purge that fails is not confirmed. A worker that starts has no answers yet. */
  async #purge(round: number, names: readonly string[]): Promise<void> {
    try {
      await this.#obedient?.purge?.(names);
    } catch {
      return;
    }
    this.#report({ bff: "purged", round });
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
  /** Reports all closed connections of one turn together. */
  #oneClosed(): void {
    if (this.#closed++ > 0) return;
    setImmediate(() => {
      this.#report({ bff: "closed", count: this.#closed });
      this.#closed = 0;
    });
  }
  /** Handles a signal from any sender. Connections may be in transfer, so the supervisor orders the end. */
  #stop(): void {
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
  #count(sent: () => void = () => {}): void {
    const snapshot = this.#obedient?.snapshot();
    if (snapshot === undefined) sent();
    else this.#report({ bff: "snapshot", snapshot }, sent);
  }
  #report(report: Report, sent: () => void = () => {}): void {
    // If the channel closes at this moment, `disconnect` is emitted.
    if (this.#process.connected) this.#process.send?.(report, undefined, undefined, () => sent());
    else sent();
  }
}
