// Sends batches, a few at a time, and retries those that may still succeed. It runs in its own thread and has no bound:
// its caller bounds the batches that it holds.
import { gzipSync } from "node:zlib";
import { type Clock, systemClock, type Timer } from "@protobff/runtime/internal/clock";
import { type PostResult, post, type Target } from "./otlp-post.ts";

/** Maximum number of concurrent attempts. A distant or slow collector still accepts several. */
const AT_ONCE = 4;
/** From a batch's first attempt on it is tried again. */
const TRY_FOR_MS = 60_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 15_000;

/** Settings of deliveries. */
export interface SendConfig {
  /** URL with user and password, if there are any. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Timeout of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  readonly gzip: boolean;
  /** PEM. */
  readonly tls: { readonly ca?: Uint8Array; readonly cert?: Uint8Array; readonly key?: Uint8Array };
}

/** An `ExportTraceServiceRequest` in pieces. */
export interface Batch {
  readonly spans: number;
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/** Final result of a batch. `lost` counts spans; `why` is reported unless it is "". */
export interface Sent {
  readonly batch: Batch;
  readonly lost: number;
  readonly why: string;
}

/** Receives the results of deliveries. */
export interface DeliveryListener {
  sent(sent: Sent): void;
  /** An attempt has failed, and there will be another one. */
  failed(why: string): void;
}

/** How a batch goes out: `post`, where no test puts another. */
export type Post = (target: Target, body: readonly Uint8Array[]) => Promise<PostResult>;

export class Sender {
  readonly #config: SendConfig;
  readonly #target: Target;
  readonly #hearer: DeliveryListener;
  readonly #clock: Clock;
  readonly #post: Post;
  readonly #waiting: Batch[] = [];
  #running = 0;
  /** No attempt begins before this time: the delay that the collector requested, or the pause after a failure. */
  #pausedUntil = 0;
  #failures = 0;
  readonly #sleeping = new Map<() => void, Timer>();
  /** Nothing is tried again past it. */
  #closeAt = Number.POSITIVE_INFINITY;
  #idle: (() => void) | undefined;

  constructor(config: SendConfig, hearer: DeliveryListener, clock: Clock = systemClock, how: Post = post) {
    this.#config = config;
    this.#hearer = hearer;
    this.#clock = clock;
    this.#post = how;
    const url = new URL(config.url);
    const agent =
      url.protocol === "https:"
        ? new (process.getBuiltinModule("node:https").Agent)({
            keepAlive: true,
            maxSockets: AT_ONCE,
            ...pems(config.tls),
          })
        : new (process.getBuiltinModule("node:http").Agent)({ keepAlive: true, maxSockets: AT_ONCE });
    const gzip: Readonly<Record<string, string>> = config.gzip ? { "content-encoding": "gzip" } : {};
    const headers = { ...config.headers, "content-type": "application/x-protobuf", ...gzip };
    this.#target = { url, headers, agent, timeoutMs: config.timeoutMs };
  }

  send(batch: Batch): void {
    this.#waiting.push(batch);
    this.#next();
  }

  /** Sends all waiting batches. Drops those that are unsent after `withinMs` milliseconds. */
  async close(withinMs: number): Promise<void> {
    this.#closeAt = this.#clock.now() + withinMs;
    // Attempts that wait for a later time have none left.
    this.#pausedUntil = 0;
    for (const wake of [...this.#sleeping.keys()]) wake();
    if (this.#running > 0 || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#target.agent.destroy();
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const batch = this.#waiting.shift();
      if (batch === undefined) break;
      this.#running++;
      void this.#deliver(batch).then((sent) => {
        this.#running--;
        this.#hearer.sent(sent);
        this.#next();
      });
    }
    if (this.#running === 0) this.#idle?.();
  }

  async #deliver(batch: Batch): Promise<Sent> {
    const pieces = [batch.head, batch.body];
    const body = this.#config.gzip ? [gzipSync(Buffer.concat(pieces))] : pieces;
    const until = this.#clock.now() + TRY_FOR_MS;
    for (;;) {
      await this.#turn();
      const posted = await this.#attempt(body);
      if (posted.kind === "taken") {
        this.#failures = 0;
        const { rejected, message } = posted;
        const why = rejected > 0 || message !== "" ? `has rejected ${rejected} spans: ${message}` : "";
        return { batch, lost: Math.min(rejected, batch.spans), why };
      }
      const lost = { batch, lost: batch.spans, why: posted.why };
      if (posted.kind === "lost") return lost;
      const pause = posted.afterMs ?? this.#backoff();
      const now = this.#clock.now();
      if (now + pause >= Math.min(until, this.#closeAt)) return lost;
      this.#pausedUntil = Math.max(this.#pausedUntil, now + pause);
      // A connection that had been closed meanwhile is no failure.
      if (pause > 0) this.#hearer.failed(posted.why);
    }
  }

  /** An attempt takes no longer than there is time. */
  #attempt(body: readonly Uint8Array[]): Promise<PostResult> {
    const left = this.#closeAt - this.#clock.now();
    const timeoutMs = Math.min(this.#target.timeoutMs, left);
    if (timeoutMs <= 0) return Promise.resolve({ kind: "lost", why: "the process has ended before it was sent" });
    return this.#post({ ...this.#target, timeoutMs: Math.ceil(timeoutMs) }, body);
  }

  /**
   * Doubles the pause after each failure in a row, with a random factor from 0.5 to 1, so that processes do not retry
   * together.
   */
  #backoff(): number {
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10));
    return pause * (0.5 + this.#clock.random() / 2);
  }

  async #turn(): Promise<void> {
    for (;;) {
      const wait = this.#pausedUntil - this.#clock.now();
      if (wait <= 0) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          const timer = this.#sleeping.get(wake);
          if (timer !== undefined) this.#clock.clearTimeout(timer);
          this.#sleeping.delete(wake);
          resolve();
        };
        this.#sleeping.set(wake, this.#clock.setTimeout(wake, wait, undefined));
      });
    }
  }
}

function pems({ ca, cert, key }: SendConfig["tls"]) {
  return {
    ...(ca !== undefined && { ca: Buffer.from(ca) }),
    ...(cert !== undefined && { cert: Buffer.from(cert) }),
    ...(key !== undefined && { key: Buffer.from(key) }),
  };
}
