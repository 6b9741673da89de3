// What is loaded for each of a list: one promise for the whole list, and one wait for each key of it.
import { type AnyBatch, type Batch, type Collector, type Collectors, collectorOf } from "../call/batch.ts";
import type { CallContext } from "../call/context.ts";
import { type Failure, OVER } from "../failure.ts";
import type { Cause } from "../scope/causes.ts";
import type { Sink } from "../scope/sink.ts";
import type { Exchange } from "./exchange.ts";

/** The request, or a part of one, that loads the items of a list. */
export interface LoadContext extends CallContext {
  readonly exchange: Exchange;
  /** Those of the whole request. */
  readonly collectors: Collectors;
  readonly whole: CallContext;
  readonly supplementary: boolean;
}

/** What a batch has for each of a list. Of those that have the same key it is one and the same. */
export class Loads<V> {
  /** Resolves when there is a value for each; rejects with the first failure, unless failures leave `undefined`. */
  readonly all: Promise<void>;
  readonly #of: readonly Loaded[];

  /** @param of as long as the list */
  constructor(all: Promise<void>, of: readonly Loaded[]) {
    this.all = all;
    this.#of = of;
  }
  /** The value for one of the list; only once `all` has resolved. */
  value(index: number): V {
    return this.#of[index]?.value as V;
  }
  /** Stands for the step that has loaded it, where one asks what failures have touched. */
  step(index: number): object | undefined {
    return this.#of[index];
  }
}

/**
 * Asks for the items of all keys of a list.
 *
 * @param group what else is in the request for one of the list
 * @param fail takes the first failure; undefined: failures leave `undefined`, with their causes remembered
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
    const asked = key(row);
    if (scope.over) return new Loaded(ending).refused();
    const item = collector.item(asked);
    if (item.last instanceof Loaded && item.last.isOf(ending)) return item.last;
    const loaded = new Loaded(ending);
    item.last = loaded;
    item.wait(scope, loaded, critical, undefined);
    return loaded;
  });
  ending.asked();
  const { promise } = ending;
  promise.then(undefined, fail ?? ignore);
  return new Loads(promise, all);
}
const ignore = (): void => {};

/** The end of all of a list. */
class Ending {
  readonly exchange: Exchange;
  readonly supplementary: boolean;
  readonly promise: Promise<void>;
  #open = 1; // until all have been asked for
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
  asked(): void {
    this.ends();
  }
}

/** What a key of the list gets. Its members are private, for what stands in a value counts where failures have touched something. */
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
  /** By a scope that is over. */
  refused(): this {
    this.reject(OVER);
    return this;
  }
  resolve(value: unknown, cause?: Cause): void {
    const { exchange } = this.#ending;
    this.#value = value;
    if (cause !== undefined) {
      exchange.note(this, cause);
      if (typeof value === "object" && value !== null) exchange.note(value, cause); // for a step that gives it on
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
