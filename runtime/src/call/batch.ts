import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Timer } from "../clock.ts";
import { asFailure, type Failure, OVER, timedOut } from "../failure.ts";
import type { RetryIf } from "../guard/retry.ts";
import type { Cause } from "../scope/causes.ts";
import { ResultWaiter, type ResultWaiterOwner } from "../scope/result-waiter.ts";
import type { Running, Scope } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import { Call } from "./call.ts";
import type { CallContext } from "./context.ts";
import type { Metadata } from "./headers.ts";
import type { CallExtra } from "./outgoing-call.ts";
import type { BranchContext, ShardChoice } from "./policy.ts";
import { shardOf } from "./shards.ts";
import { startCall } from "./start-call.ts";
import type { Rpc } from "./upstream.ts";

/**
 * Conversion of "one key in, one item out" to one call for many keys. The functions that read answers are methods, so
 * that a file whose code reads less of them accepts the batch of a file that reads more.
 */
export interface Batch<Req, Res, K, V, G = unknown> {
  readonly rpc: Rpc<Req, Res>;
  /** @param group the rest of the request; keys of equal groups are sent together */
  readonly request: (keys: K[], group: G) => Req;
  /** Items that hold their `key`, or a map by key. */
  items(response: Res): readonly V[] | Readonly<Record<string, V>>;
  /** Not for maps. */
  readonly key?: { of(item: V): K }["of"] | undefined;
  /** Schema of keys that are messages. Keys with equal bytes are one key. */
  readonly keySchema?: DescMessage | undefined;
  /** Maximum number of keys in one call. */
  readonly max: number;
  /** True if a key has a list of items. */
  readonly many?: boolean | undefined;
  readonly metadata?: ((group: G) => Metadata) | undefined;
  /**
   * Shard of a key, for an upstream with shards, unless the load has its own. Keys of one shard are sent together.
   */
  readonly shard?: { of(key: K, cx: BranchContext<never>): ShardChoice }["of"] | undefined;
}

/** A batch without its types: the collector only passes on keys and items. */
export type AnyBatch = Batch<unknown, unknown, unknown, unknown>;

/** Options of a load that its collector needs. */
export type LoadExtra = Pick<CallExtra, "retryIf" | "shard">;

/** The keys of one batch and one group in one response. */
export class Collector {
  readonly #root: CallContext;
  readonly #batch: AnyBatch;
  readonly #group: unknown;
  readonly #retryIf: RetryIf | undefined;
  readonly #shard: ShardChoice | undefined;
  readonly #items = new Map<string, Item>(); // by identity of their key
  #pending: Item[] = [];

  /**
   * @param extra of the first key's call. The `retryIf` of one response's calls are the same, and so are the shards of
   * one collector.
   */
  constructor(root: CallContext, batch: AnyBatch, group: unknown, extra?: LoadExtra) {
    this.#retryIf = extra?.retryIf;
    this.#shard = extra?.shard;
    this.#root = root;
    this.#batch = batch;
    this.#group = group;
  }
  /** Equal for equal keys. */
  identity(key: unknown): string {
    const { keySchema } = this.#batch;
    return keySchema === undefined
      ? identity(key)
      : Buffer.from(toBinary(keySchema, key as Message)).toString("latin1");
  }
  /** Returns this scope's promise for the key, if a new one would end with it and in the same way. */
  shared(key: unknown, scope: Scope, supplementary: boolean, critical: boolean): Promise<unknown> | undefined {
    return scope.over ? undefined : this.#items.get(this.identity(key))?.shared(scope, supplementary, critical);
  }
  /**
   * Loads the item of a key, or its items; undefined if there is none. Rejects if `scope` ends before.
   *
   * @param critical whether the response requires the result
   * @param shared a promise that further loads of the same key may share
   */
  load(key: unknown, scope: Scope, sink: Sink<unknown>, critical: boolean, shared?: SharedLoad): void {
    if (scope.over) {
      sink.reject(OVER);
      return;
    }
    this.item(key).wait(scope, sink, critical, shared);
  }
  /** Returns the item of a key. A new item needs a waiter at once, or is forgotten. */
  item(key: unknown): Item {
    const id = this.identity(key);
    let item = this.#items.get(id);
    if (item === undefined) {
      item = new Item(key, id, this.#batch.rpc.method);
      this.#items.set(id, item);
      if (this.#pending.push(item) === 1) whenDrained(this);
    }
    return item;
  }
  flush(): void {
    const requested = this.#pending.filter((item) => item.hasWaiters || !this.#items.delete(item.id));
    this.#pending = [];
    const { max } = this.#batch;
    for (const [shard, all] of this.#byShard(requested)) {
      const items = all.filter((item) => !this.#isKept(item, shard));
      for (let i = 0; i < items.length; i += max) this.#fetch(items.slice(i, i + max), shard);
    }
  }
  /** Answers an item with the value of an earlier composition, if there is one. */
  #isKept(item: Item, shard: string | undefined): boolean {
    const kept = this.#root.exchange.calls.kept?.item(this.#batch.rpc, this.#keptKey(item, shard));
    if (kept === undefined) return false;
    item.found = kept.value;
    item.answer(undefined);
    return true;
  }
  #keptKey({ id }: Item, shard = ""): string {
    return JSON.stringify([shard, this.#group === undefined ? "" : identity(this.#group), id]);
  }
  /** Returns the items of each shard. Items without a shard fail, without an effect on the others. */
  #byShard(items: Item[]): ReadonlyMap<string | undefined, Item[]> {
    const { rpc } = this.#batch;
    if (rpc.shards === undefined) return new Map([[undefined, items]]);
    const cx = this.#root as CallContext & BranchContext<never>; // as for branches
    const found = new Map<string | undefined, Item[]>();
    for (const item of items) {
      try {
        const { upstream } = shardOf(rpc, () => this.#shard ?? this.#batch.shard?.(item.key, cx));
        const others = found.get(upstream.shard);
        if (others === undefined) found.set(upstream.shard, [item]);
        else others.push(item);
      } catch (thrown) {
        this.#fail([item], asFailure(thrown));
      }
    }
    return found;
  }
  #fetch(chunk: Item[], shard: string | undefined): void {
    const { items, message } = this.#request(chunk);
    if (items.length === 0) return;
    const { rpc, metadata } = this.#batch;
    const part = new Part(this.#root, rpc);
    const failed = (failure: Failure): void => {
      part.end();
      this.#fail(items, failure);
    };
    const answered = (response: unknown, cause?: Cause): void => {
      part.end();
      try {
        this.#find(response, part, items);
        const { kept } = this.#root.exchange.calls;
        if (kept !== undefined && cause === undefined)
          for (const item of items) kept.keep(rpc, this.#keptKey(item, shard), item.found, response);
        for (const item of items) item.answer(cause);
      } catch (thrown) {
        failed(asFailure(thrown));
      }
    };
    try {
      const sink = { resolve: answered, reject: failed };
      const choice = shard === undefined ? undefined : { name: shard };
      const extra = { metadata: metadata?.(this.#group), retryIf: this.#retryIf, items: items.length, shard: choice };
      for (const item of items) part.takes(item);
      const cx = items.some(({ critical }) => critical) ? this.#root : this.#root.aside;
      part.call = startCall(cx, rpc, message, false, extra, sink);
    } catch (thrown) {
      failed(asFailure(thrown));
    }
  }
  /**
   * Returns the request for these items. Items whose keys result in no request are left out and fail, without an effect
   * on the others.
   */
  #request(items: Item[]): { readonly items: Item[]; readonly message?: unknown } {
    try {
      const keys = items.map(({ key }) => key);
      return { items, message: this.#batch.request(keys, this.#group) };
    } catch (thrown) {
      const good = items.length === 1 ? items : items.filter((item) => this.#request([item]).items.length === 1);
      if (good.length < items.length) return good.length === 0 ? { items: good } : this.#request(good);
      this.#fail(items, asFailure(thrown));
      return { items: [] };
    }
  }
  #fail(items: readonly Item[], failure: Failure): void {
    for (const item of items) {
      this.#items.delete(item.id); // only answers are remembered
      item.fail(failure);
    }
  }
  /** Passes to the items of a part their results in its answer. */
  #find(response: unknown, part: Part, requested: readonly Item[]): void {
    const { items, key, many } = this.#batch;
    const all = items(response);
    if (!Array.isArray(all)) {
      const map = all as Readonly<Record<string, unknown>>;
      for (const item of requested) {
        const name = String(item.key);
        const value = Object.hasOwn(map, name) ? map[name] : undefined;
        if (!many) item.found = value;
        else item.found = value === undefined ? [] : [value];
      }
      return;
    }
    if (key === undefined) throw new TypeError("a batch of list items needs a key");
    if (many) for (const item of requested) item.found = [];
    for (const value of all) {
      const item = this.#items.get(this.identity(key(value)));
      if (item?.part !== part) continue; // it was not asked for
      if (many) (item.found as unknown[]).push(value);
      else item.found ??= value;
    }
  }
}

/** The fetch that several items share. */
class Part {
  call: Running | undefined;
  readonly #root: CallContext;
  readonly #rpc: AnyBatch["rpc"];
  #waiters = 0;
  #expiring = false;
  #earliest: ResultWaiter<unknown>[] = []; // those whose deadline is the fetch's
  readonly #timers: Timer[] = [];

  constructor(root: CallContext, rpc: AnyBatch["rpc"]) {
    this.#root = root;
    this.#rpc = rpc;
  }
  takes(item: Item): void {
    item.part = this;
    this.#waiters++;
    for (const waiting of item.waiting) this.#earliest.push(waiting);
  }
  /**
   * Adds a waiter, whose time begins now. The fetch continues to its deadline, and the other waiters leave at theirs.
   */
  joined(waiting: ResultWaiter<unknown>): void {
    const { upstream, timeoutMs } = this.#rpc;
    const { call } = this;
    const now = upstream.clock.now();
    const until = Math.min(now + timeoutMs, this.#root.exchange.budget.callsUntil);
    if (call instanceof Call && until > call.deadline) {
      const left = Math.max(0, call.deadline - now); // the process may have been busy since
      this.#timers.push(upstream.clock.setTimeout(expire, left, { part: this, all: this.#earliest }));
      this.#earliest = [];
      call.extend(until);
    }
    this.#earliest.push(waiting);
  }
  /** An item is wanted again. */
  wants(): void {
    this.#waiters++;
  }
  /**
   * Ends the call when no waiter remains for any of its items. The call expires if a waiter's timeout caused the last
   * ones to leave; otherwise it is cancelled.
   */
  leaves({ expired }: ResultWaiter<unknown>): void {
    this.#waiters--;
    if (this.#waiters > 0) return;
    const { call } = this;
    if (expired || this.#expiring || (call instanceof Call && call.late)) call?.expire();
    else call?.cancel();
  }
  /** Expires these waiters. */
  expire(waiting: readonly ResultWaiter<unknown>[]): void {
    this.#expiring = true;
    for (const waiter of waiting) waiter.leave(timedOut(this.#rpc.method, "no answer in time"));
    this.#expiring = false;
  }
  end(): void {
    if (this.#timers.length === 0) return;
    for (const timer of this.#timers.splice(0)) this.#rpc.upstream.clock.clearTimeout(timer);
  }
}
function expire({ part, all }: { part: Part; all: readonly ResultWaiter<unknown>[] }): void {
  part.expire(all);
}

/** A promise for an item. */
interface SharedLoad {
  readonly promise: Promise<unknown>;
  readonly scope: Scope;
  readonly supplementary: boolean;
  readonly critical: boolean;
}

/** Always empty. */
const NOBODY: ResultWaiter<unknown>[] = [];

/** A key, and the waiters for its item. */
class Item implements ResultWaiterOwner<unknown> {
  readonly key: unknown;
  readonly id: string;
  part: Part | undefined;
  /** Mostly one waiter: a set would be larger than everything else here. */
  waiting = NOBODY;
  /** True if a waiter requires, or has required, the result. */
  critical = false;
  /** Result for this item in the answer. */
  found: unknown;
  /** The most recent waiter. */
  last: Sink<unknown> | undefined;
  #answered = false;
  #cause: Cause | undefined;
  #shared: SharedLoad | undefined;

  readonly #method: string;

  constructor(key: unknown, id: string, method: string) {
    this.key = key;
    this.id = id;
    this.#method = method;
  }
  get hasWaiters(): boolean {
    return this.waiting.length > 0;
  }
  shared(scope: Scope, supplementary: boolean, critical: boolean): Promise<unknown> | undefined {
    const shared = this.#shared;
    if (shared?.scope !== scope || shared.supplementary !== supplementary) return undefined;
    // A promise whose failure fails the response is not shared with another step.
    if (critical !== shared.critical) return undefined;
    // During the fetch, a new promise would have more time.
    return this.part === undefined || this.#answered ? shared.promise : undefined;
  }
  wait(scope: Scope, sink: Sink<unknown>, critical: boolean, shared: SharedLoad | undefined): void {
    if (shared !== undefined) this.#shared = shared;
    if (this.#answered) {
      sink.resolve(this.found, this.#cause);
      return;
    }
    if (critical && !this.critical) {
      this.critical = true;
      this.part?.call?.urge?.();
    }
    if (!this.hasWaiters) this.part?.wants();
    const waiting = new ResultWaiter(this.#method, scope, sink, this);
    waiting.place = this.waiting.length;
    if (this.waiting.length === 0) this.waiting = [waiting];
    else this.waiting.push(waiting);
    this.part?.joined(waiting);
  }
  left(waiting: ResultWaiter<unknown>): void {
    if (this.waiting[waiting.place] !== waiting) return;
    const last = this.waiting.pop();
    if (last !== undefined && last !== waiting) {
      this.waiting[waiting.place] = last;
      last.place = waiting.place;
    }
    this.#shared = undefined; // it may be that one which has ended without the answer
    if (!this.hasWaiters) this.part?.leaves(waiting);
  }
  answer(cause: Cause | undefined): void {
    this.#answered = true;
    this.#cause = cause;
    for (const waiting of this.#take()) waiting.resolve(this.found, cause);
  }
  fail(failure: Failure): void {
    for (const waiting of this.#take()) waiting.reject(failure.forWaiter());
  }
  #take(): ResultWaiter<unknown>[] {
    const all = this.waiting;
    this.waiting = NOBODY;
    return all;
  }
}

/** Equal for equal values of one type: scalars, bytes, lists, and messages of them. */
export function identity(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, name: string) {
    const part = this[name]; // before `toJSON`, which a Buffer has and other bytes have not
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
