import type { ConnectError } from "@connectrpc/connect";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import type { Failure } from "@protobff/runtime/internal/failure";
import type { Follower, Following } from "@protobff/runtime/internal/stream/stream-endpoint";
import { shownError } from "./shown-error.ts";

type Next<Item> = { readonly item: Item; readonly token: string | undefined } | { readonly error: unknown } | undefined;

/**
 * A stream of a BFF, followed in this process. `for await` iterates over its items, and cancels it on early exit.
 *
 * @example
 * const updates = bff.followRun({ runId: "r-1" });
 * const first = await updates.next();
 * updates.cancel();
 */
export class TestFollow<Item> implements AsyncIterable<Item> {
  /**
   * Token of the last item, after which another stream resumes. The metadata of a failure has it, too, as `bff-resume`.
   */
  token: string | undefined;
  /** Number of heartbeats received. */
  beats = 0;
  readonly #read: (message: never) => Item;
  readonly #passing: <T>(promise: Promise<T>) => Promise<T>;
  readonly #came: Next<Item>[] = [];
  #ended = false;
  #waiter: (() => void) | undefined;
  #following: Following | undefined;

  /**
   * @param read what a client would read of a message
   * @param passing lets time pass while a promise is waited for
   */
  constructor(read: (message: never) => Item, passing: <T>(promise: Promise<T>) => Promise<T>) {
    this.#read = read;
    this.#passing = passing;
  }
  /** Starts its client, which requests item by item. */
  begin(follow: (follower: Follower) => Following, onOpen: (metadata: AnswerMetadata | undefined) => void): void {
    this.#following = follow({
      opened: onOpen,
      item: (message, token) => {
        try {
          this.#put({ item: this.#read(message as never), token });
        } catch (error) {
          this.fail(error);
        }
        return false;
      },
      beat: () => {
        this.beats++;
      },
      ended: () => this.#put(undefined),
      failed: (failure, token) => this.fail(failed(failure, token)),
    });
  }
  fail(error: unknown): void {
    this.#put({ error });
  }
  /**
   * The next item; undefined at the end of the stream.
   *
   * @throws ConnectError when it fails, as clients of Connect do
   */
  async next(): Promise<Item | undefined> {
    if (this.#came.length === 0 && !this.#ended) {
      await this.#passing(
        new Promise<void>((resolve) => {
          this.#waiter = resolve;
        }),
      );
    }
    const next = this.#came.shift();
    if (next === undefined) {
      this.#ended = true;
      return undefined;
    }
    if ("error" in next) {
      this.#ended = true;
      throw next.error;
    }
    this.token = next.token;
    this.#following?.ready();
    return next.item;
  }
  /** Returns all items up to the end. */
  async all(): Promise<Item[]> {
    const all: Item[] = [];
    for await (const item of this) all.push(item);
    return all;
  }
  /** Disconnects the client. */
  cancel(): void {
    this.#following?.cancel();
    this.#came.length = 0;
    this.#ended = true;
    this.#waiter?.();
  }
  /** Drains the server. */
  drain(): void {
    this.#following?.drain();
  }
  [Symbol.asyncIterator](): AsyncIterator<Item> {
    return {
      next: async () => {
        const value = await this.next();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        this.cancel();
        return { done: true, value: undefined };
      },
    };
  }
  #put(next: Next<Item>): void {
    this.#came.push(next);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.();
  }
}

function failed(failure: Failure, token: string | undefined): ConnectError {
  const error = shownError(failure);
  if (token !== undefined) error.metadata.set("bff-resume", token);
  return error;
}
