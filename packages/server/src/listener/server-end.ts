import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Listener } from "./listener.ts";

/** Last part of the drain delay, in which connections are kept again. */
const KEPT_AGAIN = 1 / 4;

interface Parts {
  readonly listener: Pick<Listener, "leave" | "stay" | "drain" | "handOver">;
  readonly readiness: { replaced: boolean };
  /** Aborted when the server is no longer ready. */
  readonly draining: AbortController;
  readonly drainDelayMs: number;
  /** Ends streams, which would not end by themselves, within the time. */
  goodbye(graceMs: number): void;
  /** Aborts requests in progress. */
  cut(error: ConnectError): void;
}

/** The end of a server: by `close` or `handOver`, whichever is called first. */
export class ServerEnd {
  readonly #parts: Parts;
  #ending: Promise<void> | undefined;
  constructor(parts: Parts) {
    this.#parts = parts;
  }
  leave(): void {
    this.#parts.draining.abort();
    this.#parts.listener.leave();
  }
  close(graceMs?: number): Promise<void> {
    this.#ending ??= this.#close(graceMs);
    return this.#ending;
  }
  handOver(graceMs?: number): Promise<void> {
    this.#ending ??= this.#handOver(graceMs);
    return this.#ending;
  }
  async #close(graceMs = 10_000): Promise<void> {
    const { listener, drainDelayMs } = this.#parts;
    this.leave();
    if (drainDelayMs > 0) {
      await sleep(drainDelayMs * (1 - KEPT_AGAIN));
      listener.stay();
      await sleep(drainDelayMs * KEPT_AGAIN);
    }
    this.#parts.goodbye(graceMs);
    return listener.drain(graceMs, () => this.#cut());
  }
  async #handOver(graceMs = 10_000): Promise<void> {
    this.#parts.readiness.replaced = true;
    this.#parts.draining.abort(); // ends watches, which would not end by themselves
    this.#parts.goodbye(graceMs);
    return this.#parts.listener.handOver(graceMs, () => this.#cut());
  }
  #cut(): void {
    this.#parts.cut(new ConnectError("server is shutting down", Code.Unavailable));
  }
}
