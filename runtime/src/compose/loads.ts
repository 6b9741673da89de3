// Loads of one key, and loads for each item of a list: one promise for the whole list, and one wait for each key.
import type { AnyBatch, Batch, Collector } from "../call/batch.ts";
import { type Collectors, collectorOf } from "../call/collectors.ts";
import type { CallContext } from "../call/context.ts";
import { type Failure, OVER } from "../failure.ts";
import type { Cause } from "../scope/causes.ts";
import type { Sink } from "../scope/sink.ts";
import { Answer, type Extra } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { handled } from "./steps.ts";

/** The request, or a part of one, that loads the items of a list. */
interface LoadContext extends CallContext {
  readonly exchange: Exchange;
  /** Collectors of the whole request. */
  readonly collectors: Collectors;
  readonly whole: CallContext;
  readonly supplementary: boolean;
}

/**
 * Loads the item or items of one key. Without a rescue and a cache, equal loads of a scope share one promise.
 *
 * @param supplementary true if a failure leaves `undefined`
 */
export function loadKey<Req, Res, K, V, G, R>(
  cx: LoadContext,
  batch: Batch<Req, Res, K, V, G>,
  key: K,
  group: G | undefined,
  extra: Extra<R> | undefined,
  supplementary: boolean,
): Promise<unknown> {
  const { exchange, whole, scope, collectors } = cx;
  const collector = collectorOf(collectors, whole, batch as unknown as AnyBatch, group, extra);
  const shares = extra?.rescue === undefined && (supplementary || batch.rpc.cache === undefined);
  const critical = !(supplementary || cx.supplementary);
  const shared = shares ? collector.shared(key, scope, supplementary, critical) : undefined;
  if (shared !== undefined) return shared;
  const answer = Promise.withResolvers<unknown>();
  const { promise } = answer;
  const options = supplementary && extra?.mark !== undefined ? { ...extra, mark: undefined } : extra; // a separate step
  const sink = shares && !supplementary ? answer : new Answer<unknown, R>(exchange, answer, options, supplementary);
  collector.load(key, scope, sink, critical, shares ? { promise, scope, supplementary, critical } : undefined);
  return supplementary ? promise : handled(promise);
}

/** Values of a batch for each item of a list. Items with the same key share one value. */
export class Loads<V> {
  /** Resolves when each item has a value. Rejects with the first failure, unless failures leave `undefined`. */
  readonly all: Promise<void>;
  readonly #of: readonly Loaded[];

  /** @param of as long as the list */
  constructor(all: Promise<void>, of: readonly Loaded[]) {
    this.all = all;
    this.#of = of;
  }
  /** Returns the value for one item of the list. Valid only after `all` has resolved. */
  value(index: number): V {
    return this.#of[index]?.value as V;
  }
  /** Returns the object that represents the loading step when touched fields are computed. */
  step(index: number): object | undefined {
    return this.#of[index];
  }
}

/**
 * Loads the items for all keys of a list.
 *
 * @param group further request fields for one item of the list
 * @param fail receives the first failure; undefined: failures leave `undefined`, with their causes remembered
 */
export function loadsOf<Row, Req, Res, K, Item, G, V>(
  cx: LoadContext,
  batch: Batch<Req, Res, K, Item, G>,
  list: readonly Row[],
  key: (row: Row) => K,
  group: ((row: Row) => G) | undefined,
  fail: ((thrown: unknown) => void) | undefined,
): Loads<V> {
  const { collectors, whole, scope } = cx;
  const critical = fail !== undefined && !cx.supplementary;
  const ending = new Ending(cx.exchange, fail === undefined);
  let collector: Collector | undefined;
  const all = list.map((row): Loaded => {
    if (group !== undefined || collector === undefined)
      collector = collectorOf(collectors, whole, batch as unknown as AnyBatch, group?.(row), undefined);
    const rowKey = key(row);
    if (scope.over) return new Loaded(ending).refused();
    const item = collector.item(rowKey);
    if (item.last instanceof Loaded && item.last.isOf(ending)) return item.last;
    const loaded = new Loaded(ending);
    item.last = loaded;
    item.wait(scope, loaded, critical, undefined);
    return loaded;
  });
  ending.close();
  const { promise } = ending;
  promise.then(undefined, fail ?? ignore);
  return new Loads(promise, all);
}
const ignore = (): void => {};

/** The end of all loads of a list. */
class Ending {
  readonly exchange: Exchange;
  readonly supplementary: boolean;
  readonly promise: Promise<void>;
  #open = 1; // 1 until all loads were requested
  readonly #resolve: () => void;
  readonly reject: (failure: Failure) => void;

  constructor(exchange: Exchange, supplementary: boolean) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.exchange = exchange;
    this.supplementary = supplementary;
    this.promise = promise;
    this.#resolve = resolve;
    this.reject = reject;
  }
  begins(): void {
    this.#open++;
  }
  ends(): void {
    this.#open--;
    if (this.#open === 0) this.#resolve();
  }
  close(): void {
    this.ends();
  }
}

/**
 * Result for a key of the list. Its members are private, because the members of a value are searched for touched
 * values.
 */
class Loaded implements Sink<unknown> {
  readonly #ending: Ending;
  #value: unknown;

  constructor(ending: Ending) {
    this.#ending = ending;
    ending.begins();
  }
  isOf(ending: Ending): boolean {
    return this.#ending === ending;
  }
  get value(): unknown {
    return this.#value;
  }
  /** Rejects because the scope is over. */
  refused(): this {
    this.reject(OVER);
    return this;
  }
  resolve(value: unknown, cause?: Cause): void {
    const { exchange } = this.#ending;
    this.#value = value;
    if (cause !== undefined) {
      exchange.note(this, cause);
      if (typeof value === "object" && value !== null) exchange.note(value, cause); // for a step that returns it
    }
    this.#ending.ends();
  }
  reject(failure: Failure): void {
    const { exchange, supplementary } = this.#ending;
    if (!supplementary || failure.refusal) {
      this.#ending.reject(failure);
      return;
    }
    exchange.noteFailure(this, failure);
    this.#ending.ends();
  }
}
