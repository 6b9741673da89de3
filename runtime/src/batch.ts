import { Call } from "./call.ts";
import { asFailure, type Failure, OVER } from "./failure.ts";
import type { Metadata } from "./headers.ts";
import type { Request } from "./request.ts";
import type { Running, Scope } from "./scope.ts";
import type { Rpc } from "./upstream.ts";

/** How "one key in, one item out" becomes one call for many keys. */
export interface Batch<Req, Res, K, V, G = unknown> {
  readonly rpc: Rpc<Req, Res>;
  /** @param group what else is in the request; keys go out together when theirs is equal */
  readonly request: (keys: K[], group: G) => Req;
  /** A list whose items hold their `key`, or a map by key. */
  readonly items: (response: Res) => readonly V[] | Readonly<Record<string, V>>;
  /** Not for maps. */
  readonly key?: ((item: V) => K) | undefined;
  /** Keys in one call. */
  readonly max: number;
  /** Whether a key has a list of items. */
  readonly many?: boolean | undefined;
  readonly metadata?: ((group: G) => Metadata) | undefined;
}

/** A batch with its types put aside: the collector only carries keys and items from one side to the other. */
export type AnyBatch = Batch<unknown, unknown, unknown, unknown>;

/** The keys of one batch and one group in one response. */
export class Collector {
  readonly #root: Request<unknown>;
  readonly #batch: AnyBatch;
  readonly #group: unknown;
  readonly #items = new Map<string, Item>(); // by identity of their key
  #asked: Item[] = [];

  constructor(root: Request<unknown>, batch: AnyBatch, group: unknown) {
    this.#root = root;
    this.#batch = batch;
    this.#group = group;
  }
  /** The item of a key, or its items; undefined when there is none. The promise rejects when `scope` ends before. */
  load(key: unknown, scope: Scope): Promise<unknown> {
    if (scope.over) return Promise.reject(OVER);
    const id = identity(key);
    let item = this.#items.get(id);
    if (item === undefined) {
      item = new Item(key, id);
      this.#items.set(id, item);
      if (this.#asked.push(item) === 1) whenDrained(this);
    }
    return item.wait(scope);
  }
  flush(): void {
    const asked = this.#asked.filter((item) => item.wanted || !this.#items.delete(item.id));
    this.#asked = [];
    const { max } = this.#batch;
    for (let i = 0; i < asked.length; i += max) this.#fetch(asked.slice(i, i + max));
  }
  #fetch(items: Item[]): void {
    const { rpc, request, metadata } = this.#batch;
    const failed = (failure: Failure): void => {
      for (const item of items) {
        this.#items.delete(item.id); // only answers are remembered
        item.fail(failure);
      }
    };
    const answered = (response: unknown): void => {
      try {
        const found = this.#found(response);
        for (const item of items) item.answer(found(item));
      } catch (thrown) {
        failed(asFailure(thrown));
      }
    };
    try {
      const message = request(
        items.map((item) => item.key),
        this.#group,
      );
      const sink = { resolve: answered, reject: failed };
      const call = Call.start(this.#root, rpc, message, false, metadata?.(this.#group), sink);
      const part = { call, wanted: items.length };
      for (const item of items) item.part = part;
    } catch (thrown) {
      failed(asFailure(thrown));
    }
  }
  /** How to find a key's value in a response. */
  #found(response: unknown): (item: Item) => unknown {
    const { items, key, many } = this.#batch;
    const all = items(response);
    if (!Array.isArray(all)) {
      const map = all as Readonly<Record<string, unknown>>;
      return ({ key }) => {
        const name = String(key);
        const value = Object.hasOwn(map, name) ? map[name] : undefined;
        if (!many) return value;
        return value === undefined ? [] : [value];
      };
    }
    const byKey = new Map<string, unknown[]>();
    if (key === undefined) throw new TypeError("a batch of list items needs a key");
    for (const value of all) {
      const id = identity(key(value));
      const known = byKey.get(id);
      if (known === undefined) byKey.set(id, [value]);
      else known.push(value);
    }
    return ({ id }) => (many ? (byKey.get(id) ?? []) : byKey.get(id)?.[0]);
  }
}

/** The fetch that an item is part of. */
interface Part {
  readonly call: Running | undefined;
  wanted: number;
}

class Item {
  readonly key: unknown;
  readonly id: string;
  part: Part | undefined;
  readonly #waiting = new Set<Waiting>();
  #answer: { readonly value: unknown } | undefined;

  constructor(key: unknown, id: string) {
    this.key = key;
    this.id = id;
  }
  get wanted(): boolean {
    return this.#waiting.size > 0;
  }
  wait(scope: Scope): Promise<unknown> {
    if (this.#answer !== undefined) return Promise.resolve(this.#answer.value);
    if (this.part !== undefined && !this.wanted) this.part.wanted++;
    const waiting = new Waiting(this, scope);
    this.#waiting.add(waiting);
    return waiting.promise;
  }
  /** One that waited does no longer; when nobody does, for no item of the fetch, it is cancelled. */
  left(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.wanted || this.part === undefined) return;
    this.part.wanted--;
    if (this.part.wanted === 0) this.part.call?.cancel();
  }
  answer(value: unknown): void {
    this.#answer = { value };
    for (const waiting of this.#take()) waiting.resolve(value);
  }
  fail(failure: Failure): void {
    for (const waiting of this.#take()) waiting.reject(failure);
  }
  #take(): Waiting[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const waiting of all) waiting.scope.leave(waiting);
    return all;
  }
}

/** One `load` of one scope. */
class Waiting implements Running {
  slot = 0;
  readonly scope: Scope;
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (failure: Failure) => void;
  readonly #item: Item;

  constructor(item: Item, scope: Scope) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
    this.scope = scope;
    this.#item = item;
    scope.enter(this);
  }
  cancel(): void {
    this.scope.leave(this);
    this.#item.left(this);
    this.reject(OVER);
  }
  expire(): void {
    // The fetch expires by itself, no later.
  }
}

/** Equal for equal values of one type: scalars, bytes, lists, and messages of them. */
export function identity(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return `${part}n`;
    if (part instanceof Uint8Array) return Buffer.from(part).toString("base64");
    return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
  });
}

/** Calls `flush` when no microtask is left: a tick that is queued from a microtask runs then. */
function whenDrained(collector: Collector): void {
  queueMicrotask(() => process.nextTick(flush, collector));
}
const flush = (collector: Collector): void => collector.flush();
