import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { backoffMs } from "./backoff.ts";
import { positionOf } from "./position.ts";
import { type FollowTransport, Lost, type TransportEvent } from "./transport.ts";

type Init = ConstructorParameters<typeof Headers>[0];
/** Options of `follow`. */
export interface FollowOptions {
  /** `connect(…)`, `events(…)` or `webSocket(…)`. */
  readonly over: FollowTransport;
  /** Returns the headers of an opening. It is called for each opening, so that credentials are fresh. */
  readonly headers?: (() => Init | Promise<Init>) | undefined;
  /** Resume token from an earlier `Followed.token`. Default: the rpc's own beginning. */
  readonly resume?: string | undefined;
  /** Ends it; the loop throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * First delay after a loss, and the longest one, in milliseconds: each is up to twice the one before. Default: 200
   * and 10,000.
   */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number } | undefined;
  /** Number of consecutive losses after which following fails. Default: no limit. */
  readonly attempts?: number | undefined;
  /** Time limit for a server to confirm an opening, in milliseconds. Default: 30,000. */
  readonly openingMs?: number | undefined;
  /** Receives each change of the connection's state. */
  readonly onState?: ((state: FollowState) => void) | undefined;
}

/** State of the connection of a follow, as `FollowOptions.onState` receives it. */
export type FollowState =
  | { readonly kind: "opening" }
  | { readonly kind: "open" }
  /** Earlier messages are no longer valid and have no replacement, because the source is at its end. */
  | { readonly kind: "reset" }
  /** The connection was lost and is reopened after `ms` milliseconds. */
  | { readonly kind: "waiting"; readonly why: ConnectError | Lost; readonly ms: number };

/** One message of the rpc. */
export interface Followed<O extends DescMessage> {
  readonly message: MessageShape<O>;
  /** To go on behind it, in another process too; undefined where the rpc has no positions. */
  readonly token: string | undefined;
  /** True if this message and the later ones replace all earlier messages, because some in between were lost. */
  readonly reset: boolean;
}

/** Beats may be late by half, and one may be lost. */
const SILENT_BEATS = 2.5;

/**
 * Follows a server-streaming rpc, through losses of the connection and restarts of servers. Each message arrives at
 * least once and in order, and exactly once if the rpc has positions. The loop ends when the source is at its end;
 * leaving it cancels.
 *
 * @throws ConnectError for a permanent error of the server: any code but UNAVAILABLE, RESOURCE_EXHAUSTED,
 *   DEADLINE_EXCEEDED, and the first UNAUTHENTICATED in a row
 * @throws Lost after `attempts` losses
 * @example
 * const over = events({ baseUrl: "https://bff.example.com" });
 * for await (const { message, token } of follow(RunService.method.followRun, { runId: "42" }, { over }))
 *   show(message, token);
 */
export function follow<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  options: FollowOptions,
): AsyncIterable<Followed<O>> {
  return {
    [Symbol.asyncIterator]() {
      const left = new AbortController();
      const signal = options.signal === undefined ? left.signal : AbortSignal.any([left.signal, options.signal]);
      const following = new Following(method, create(method.input, request), options, signal).run();
      return {
        next: () => following.next(),
        // A waiting generator would handle `return` only after its wait, so the signal is aborted first.
        return: async () => {
          left.abort();
          await following.return(undefined).catch(() => {});
          return { done: true, value: undefined };
        },
      };
    },
  };
}

class Following<I extends DescMessage, O extends DescMessage> {
  readonly #method: DescMethodServerStreaming<I, O>;
  readonly #request: MessageShape<I>;
  readonly #options: FollowOptions;
  readonly #signal: AbortSignal;
  #token: string | undefined;
  /** True if a message was yielded, which a new beginning would yield again. */
  #hasYielded = false;
  #losses = 0;
  #unauthenticated = false;

  constructor(
    method: DescMethodServerStreaming<I, O>,
    request: MessageShape<I>,
    options: FollowOptions,
    signal: AbortSignal,
  ) {
    this.#method = method;
    this.#request = request;
    this.#options = options;
    this.#signal = signal;
    this.#token = options.resume;
  }

  async *run(): AsyncGenerator<Followed<O>, undefined> {
    for (;;) {
      let why: ConnectError | Lost;
      try {
        if ((yield* this.#once()) === "ended") return undefined;
        why = new Lost("the stream broke off");
      } catch (thrown) {
        this.#signal.throwIfAborted();
        why = this.#passing(thrown);
      }
      await this.#wait(why);
    }
  }

  async *#once(): AsyncGenerator<Followed<O>, "ended" | "broken"> {
    const { over, headers, onState, openingMs = 30_000 } = this.#options;
    onState?.({ kind: "opening" });
    const attempt = new AbortController();
    const signal = AbortSignal.any([attempt.signal, this.#signal]);
    const requestHeaders = new Headers(await headers?.());
    signal.throwIfAborted();
    const opening = {
      method: this.#method,
      request: this.#request,
      token: this.#token,
      headers: requestHeaders,
      signal,
    };
    const incoming = over.open(opening)[Symbol.asyncIterator]();
    let again = this.#token === undefined && this.#hasYielded;
    let silentMs: number | undefined = openingMs;
    try {
      for (;;) {
        const next: IteratorResult<TransportEvent<O>> = await within(incoming.next(), silentMs);
        if (next.done === true) return "broken";
        const value: TransportEvent<O> = next.value;
        if (value.kind === "ended") return "ended";
        if (value.kind === "opened") {
          silentMs = value.beatMs === undefined ? undefined : value.beatMs * SILENT_BEATS;
          onState?.({ kind: "open" });
          continue;
        }
        const followed = this.#receive(value);
        if (followed === undefined) continue;
        yield again ? { ...followed, reset: true } : followed;
        again = false;
      }
    } finally {
      attempt.abort();
      void incoming.return?.().catch(() => {});
    }
  }

  #receive(event: Extract<TransportEvent<O>, { kind: "item" | "beat" }>): Followed<O> | undefined {
    if (event.kind === "beat") {
      this.#token = event.token ?? this.#token;
      return undefined;
    }
    // Only an item proves that the server serves this rpc; an accepted opening does not.
    this.#losses = 0;
    this.#unauthenticated = false;
    const { message } = event;
    const position = positionOf(this.#method.output, message);
    const token = event.token ?? (position?.token || undefined);
    this.#token = token ?? this.#token;
    if (position?.beat === true) {
      if (position.reset) this.#options.onState?.({ kind: "reset" });
      return undefined;
    }
    this.#hasYielded = true;
    return { message, token, reset: position?.reset ?? false };
  }

  /** Returns a temporary failure and throws any other. */
  #passing(thrown: unknown): ConnectError | Lost {
    if (!(thrown instanceof ConnectError || thrown instanceof Lost)) throw thrown;
    if (thrown instanceof ConnectError) {
      this.#token = thrown.metadata.get("bff-resume") ?? this.#token;
      if (thrown.code === Code.Unauthenticated && !this.#unauthenticated) this.#unauthenticated = true;
      else if (!PASSING.has(thrown.code)) throw thrown;
    }
    if (++this.#losses >= (this.#options.attempts ?? Number.POSITIVE_INFINITY)) throw thrown;
    return thrown;
  }

  async #wait(why: ConnectError | Lost): Promise<void> {
    const { backoff, onState } = this.#options;
    const ms = backoffMs(this.#losses, backoff?.initialMs ?? 200, backoff?.maxMs ?? 10_000);
    onState?.({ kind: "waiting", why, ms });
    await asleep(ms, this.#signal);
  }
}

/** Codes that another attempt may avoid. */
const PASSING: ReadonlySet<Code> = new Set([Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded]);

/** @throws Lost when it takes longer, in milliseconds */
function within<T>(promise: Promise<T>, ms: number | undefined): Promise<T> {
  if (ms === undefined) return promise;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Lost(`nothing has come for ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function asleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}
