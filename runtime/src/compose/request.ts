// Composing: the `Request` that generated code receives, and the state of one response: its budget, resolvers, touched
// fields and degradations. The room imports calls and guards, but no server.

import type { Position } from "@protobff/messages/bff/v1/stream_pb.js";
import type { Batch } from "../call/batch.ts";
import { sideOf } from "../call/branches.ts";
import type { Collectors } from "../call/collectors.ts";
import type { CallContext } from "../call/context.ts";
import { metadataText, TOKEN_HEADER } from "../call/response-metadata.ts";
import { startCall } from "../call/start-call.ts";
import type { Rpc } from "../call/upstream.ts";
import type { Clock } from "../clock.ts";
import { asFailure, invalid, OVER } from "../failure.ts";
import { Pool } from "../guard/pool.ts";
import type { Mark } from "../scope/causes.ts";
import { Scope } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import type { Topic } from "../topic/topic.ts";
import { Answer, type Extra, type Instead } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { type Loads, loadKey, loadsOf } from "./loads.ts";
import { type Quorum, quorum } from "./quorum.ts";
import { RequestFacts } from "./request-facts.ts";
import type { PartOf, RequestPart } from "./request-part.ts";
import { type Resolve, runResolver } from "./resolver.ts";
import { begin, critical, filled, guarded, handled, supplementary, when } from "./steps.ts";

/**
 * One request for composing code, or a part of one (`sub`, `bounded`). Code need not await the promises that its
 * methods return: an unobserved rejection has no effect.
 *
 * @example
 * async function composeRunState(cx: Request<App>, args: GetRunRequest): Promise<RunState> {
 *   const last = await cx.latest(cx.app.runTopic, args.runId);
 *   return create(RunStateSchema, defined({ percent: last?.percent, text: last?.text }));
 * }
 */
export class Request<out App, out Principal = undefined> extends RequestFacts<Principal> implements CallContext {
  /** Calls and environment of the service, from its creation. */
  readonly app: App;
  /** @internal Scope of the calls and steps, which fail and are cancelled with this request. */
  readonly scope: Scope;
  /** @internal Pools that an unbatched call enters, in this order. */
  readonly pools: readonly Pool[];
  /** @internal The whole request; the same object in all of its events. */
  readonly root: Request<App, Principal>;
  /** @internal Owner of the exchange: the root, or a fetch on its behalf. */
  readonly whole: Request<App, Principal>;
  /** @internal True if the response can do without the calls in this part. */
  readonly supplementary: boolean;
  #aside: Request<App, Principal> | undefined;
  readonly #late: Request<App, Principal> | undefined;
  #collectors: Collectors | undefined; // of the whole only
  readonly #fail = (thrown: unknown): void => this.scope.fail(asFailure(thrown));

  /** Only for `endpoint`; composing code receives a request. */
  constructor(app: App, exchange: Exchange, part?: RequestPart<Request<App, Principal>>) {
    super(exchange);
    this.app = app;
    this.scope = part?.scope ?? exchange.scope;
    this.pools = part?.pools ?? [];
    this.root = part?.root ?? this;
    this.whole = part?.whole ?? this;
    this.supplementary = part?.supplementary ?? false;
    this.#late = part?.late;
  }
  /** @internal Creates a request for the first part of an answer. Deferred steps may have more time than the rest. */
  static first<App, Principal>(app: App, exchange: Exchange): Request<App, Principal> {
    const late = new Request<App, Principal>(app, exchange);
    const { first: scope } = exchange;
    if (scope === late.scope) return late;
    return new Request(app, exchange, { root: late, whole: late, scope, pools: [], supplementary: false, late });
  }

  // ---- calls ----

  /** Starts a call whose failure fails this scope. */
  call<Req, Res, R = never>(rpc: Rpc<Req, Res>, request: Req, extra?: Extra<R>): Promise<Res | Instead<R>> {
    const answer = this.#call<Req, Res, R>(rpc, request, extra, false);
    answer.then(undefined, this.#fail);
    return answer;
  }
  /** Starts a call whose failure leaves `undefined`, with its cause remembered; a refusal by its `on_error` rejects. */
  tryCall<Req, Res, R = never>(
    rpc: Rpc<Req, Res>,
    request: Req,
    extra?: Extra<R>,
  ): Promise<Res | Instead<R> | undefined> {
    const answer = Promise.withResolvers<Res | Instead<R> | undefined>();
    const sink = new Answer<Res, R>(this.exchange, answer, extra, true);
    startCall(this.aside, rpc, request, false, extra, sink);
    return answer.promise;
  }
  /** Calls for the newest item of a topic's key; undefined if it has none. A failure fails this scope. */
  latest<Item>(topic: Topic<Item>, key: string): Promise<Item | undefined> {
    return this.call(topic.latest, key);
  }
  /** The same, except that a failure leaves `undefined`, with its cause remembered. */
  tryLatest<Item>(topic: Topic<Item>, key: string): Promise<Item | undefined> {
    return this.tryCall(topic.latest, key);
  }
  /** Returns the position after an item of `latest`, from which clients continue. */
  positionOf(item: object | undefined): Position | undefined {
    const token = metadataText(this.exchange.calls.received.get(item)?.headers, TOKEN_HEADER);
    return token === "" ? undefined : { $typeName: "bff.v1.Position", token, beat: false, reset: false };
  }
  /** Starts a call. The surrounding step handles its failure. */
  send<Req, Res, R = never>(rpc: Rpc<Req, Res>, request: Req, extra?: Extra<R>): Promise<Res | Instead<R>> {
    return handled(this.#call<Req, Res, R>(rpc, request, extra, false));
  }
  /**
   * The same for a call with side effects: once it has been sent, only its own deadline stops it, and an answer waits for it.
   * It is not sent if the response or this scope has failed or ended.
   */
  effect<Req, Res, R = never>(rpc: Rpc<Req, Res>, request: Req, extra?: Extra<R>): Promise<Res | Instead<R>> {
    return handled(this.#call<Req, Res, R>(rpc, request, extra, true));
  }
  #call<Req, Res, R>(
    rpc: Rpc<Req, Res>,
    request: Req,
    extra: Extra<R> | undefined,
    effect: boolean,
  ): Promise<Res | Instead<R>> {
    const answer = Promise.withResolvers<Res | Instead<R>>();
    const plain = extra === undefined && rpc.cache === undefined;
    const sink: Sink<Res> = plain ? answer : new Answer<Res, R>(this.exchange, answer, extra, false);
    startCall(this, rpc, request, effect, extra, sink);
    return answer.promise;
  }

  /**
   * Returns the branch that calls of this method go to, chosen once per request and upstream; "" if none. Keys of
   * results that contain its answers include it.
   */
  branchOf(rpc: Rpc<never, unknown>): string {
    return sideOf(this, rpc);
  }

  // ---- batches ----

  /** Loads one item by its key, in one call with other keys of this moment; undefined if the upstream has no such item. */
  load<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V | Instead<R> | undefined> {
    return loadKey(this, batch, key, group, extra, false) as Promise<V | Instead<R> | undefined>;
  }
  /** The same, except that a failure leaves `undefined`, with its cause remembered. */
  tryLoad<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V | Instead<R> | undefined> {
    return loadKey(this, batch, key, group, extra, true) as Promise<V | Instead<R> | undefined>;
  }
  /** Loads all items of a key, by a batch with `many`; none if the key is missing. */
  loadMany<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V[] | Instead<R>> {
    return loadKey(this, batch, key, group, extra, false) as Promise<V[] | Instead<R>>;
  }
  /** The same, except that a failure leaves `undefined`, with its cause remembered. */
  tryLoadMany<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V[] | Instead<R> | undefined> {
    return loadKey(this, batch, key, group, extra, true) as Promise<V[] | Instead<R> | undefined>;
  }
  /**
   * Loads one item for each row of a list. All values are available at the same time. A failure fails this scope.
   *
   * @param key returns the key of a row
   * @param group returns the further request fields for a row
   */
  loadEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V | undefined> {
    return loadsOf(this, batch, list, key, group, this.#fail);
  }
  /** The same, except that a failure leaves `undefined`, with its cause remembered. */
  tryLoadEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V | undefined> {
    return loadsOf(this, batch, list, key, group, undefined);
  }
  /** Loads all items of each key, by a batch with `many`; none if the key is missing. */
  loadManyEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V[]> {
    return loadsOf(this, batch, list, key, group, this.#fail);
  }
  /** The same, except that a failure leaves `undefined`, with its cause remembered. */
  tryLoadManyEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V[] | undefined> {
    return loadsOf(this, batch, list, key, group, undefined);
  }
  /** @internal Collectors of the whole request. */
  get collectors(): Collectors {
    const { whole } = this;
    whole.#collectors ??= new Map();
    return whole.#collectors;
  }
  // ---- steps ----

  /**
   * Runs a step whose failure fails this scope. A callback with a parameter receives the step's mark, for the calls and
   * lists in it.
   */
  step<T>(run: (mark: Mark) => Promise<T>): Promise<T> {
    return critical(this.exchange, run, this.#fail);
  }
  /**
   * Runs a step whose failure leaves `undefined`, with its cause remembered. A refusal in it rejects, and so does the
   * failure of a critical step that it reads.
   */
  tryStep<T>(run: (mark: Mark) => Promise<T>): Promise<T | undefined> {
    return supplementary(this.exchange, this.scope, run);
  }
  /** Replaces `undefined` of a step by this fallback, whatever the cause. A throw in the fallback fails the scope. */
  orElse<T, F>(step: Promise<T | undefined>, value: () => F | Promise<F>): Promise<T | F> {
    const result = filled(this.exchange, step, value);
    result.then(undefined, this.#fail);
    return result;
  }
  /**
   * Starts a step that only members of a oneof read, if one of these members may be chosen. Otherwise the promise
   * resolves without a value, and no member reads it.
   *
   * @param possible true if a member may be chosen, or a function that decides it
   */
  when<T>(possible: boolean | (() => Promise<boolean>), start: () => Promise<T>): Promise<T> {
    return when(this.exchange, possible, start);
  }
  /** Makes the answer wait until these steps have ended, even if no part of it reads them. */
  holds(...steps: readonly Promise<unknown>[]): void {
    this.exchange.hold(this.scope, Promise.allSettled(steps));
  }
  /**
   * Composes in a separate scope: a critical failure inside rejects this promise and cancels only that scope's calls.
   * A pending guard inside delays the promise. Guards and `refuse` still fail the whole response.
   */
  sub<T>(run: (cx: Request<App, Principal>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const scope = new Scope(this.scope, reject);
    if (scope.over) reject(OVER);
    else {
      const { root, whole, pools, supplementary } = this;
      const late = this.#late?.beside(scope);
      const cx = new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary, late });
      begin(() => run(cx), undefined).then(
        (value) => scope.afterGuards(() => resolve(value)),
        (thrown) => scope.fail(asFailure(thrown)),
      );
    }
    return handled(promise);
  }
  /**
   * Runs each item in a separate scope and returns the values, in order. The list ends when it has enough values, and
   * then cancels the remaining items. It rejects with a failure of an item when it can no longer have as many values as
   * it needs.
   *
   * @throws ExpressionError if there are fewer items than it needs; none of them runs
   * @example
   * const quotes = await cx.quorum(shops, { enough: 3 }, (shop, cx) => cx.send(cx.app.getQuote, { shop }));
   */
  quorum<Item, T>(
    items: readonly Item[],
    needs: Quorum,
    run: (item: Item, cx: Request<App, Principal>) => Promise<T | undefined>,
    mark?: Mark,
  ): Promise<T[]> {
    return handled(quorum(this, items, needs, run, mark));
  }
  /** @internal Returns a request for deferred steps of this scope. It ends with `scope`, and has the time of this one. */
  beside(scope: Scope): Request<App, Principal> {
    const { root, whole, pools, supplementary } = this;
    const later = new Scope(this.scope, (failure) => scope.fail(failure));
    scope.enter({ slot: 0, cancel: () => later.end(), expire() {} });
    return new Request(this.app, this.exchange, { root, whole, scope: later, pools, supplementary });
  }
  /** Returns the same scope with at most `concurrent` unbatched calls in flight. A call enters all nested bounds. */
  bounded(concurrent: number): Request<App, Principal> {
    const { root, whole, scope, supplementary } = this;
    const pools = [new Pool(concurrent), ...this.pools];
    return new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary });
  }
  /** The same scope, for calls that the response can do without. An overloaded upstream refuses these first. */
  get aside(): Request<App, Principal> {
    if (this.supplementary) return this;
    const { root, whole, scope, pools } = this;
    this.#aside ??= new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary: true });
    return this.#aside;
  }
  /** @internal Implements `CallContext`. */
  shared(): Request<App, Principal> {
    const { root, whole, pools, supplementary } = this;
    return new Request(this.app, this.exchange, { root, whole, scope: this.exchange.scope, pools, supplementary });
  }
  /** @internal Implements `CallContext`. */
  detached(fetch: object, clock: Clock, supplementary: boolean): Request<App, Principal> {
    const exchange = this.exchange.detached(fetch, clock);
    return this.within(exchange, supplementary);
  }
  /** @internal Returns a request with a separate exchange, for work with a separate budget and end. */
  within(exchange: Exchange, supplementary = false): Request<App, Principal> {
    const { scope } = exchange;
    return new Request(this.app, exchange, { root: this.root, whole: undefined, scope, pools: [], supplementary });
  }

  // ---- deferred steps ----

  /** The same request for deferred steps, which may have more time. Without later parts, this request. */
  get late(): Request<App, Principal> {
    return this.#late ?? this;
  }
  /**
   * Announces fields that depend on deferred steps. Without later parts they are in the answer. A failure in `compose`
   * leaves them empty.
   *
   * @param owner a composed message, in which they are empty
   * @param fields their proto names
   * @param compose returns their values, those of oneofs by the oneof's name; it is called at most once, after `owner`
   * has its place in the response
   */
  part<Owner extends object>(
    owner: Owner,
    fields: readonly string[],
    compose: () => Promise<Partial<Owner> | PartOf<Owner>>,
  ): void {
    this.exchange.defers().announce({ owner, fields, compose });
  }

  // ---- resolvers ----

  /**
   * Runs a resolver, a function of the user.
   *
   * @throws Failure (INVALID) if it returns no value
   */
  async resolve<Args, Steps, Clients, Value extends NonNullable<unknown>>(
    resolver: Resolve<Args, Steps, Clients, Value, Request<unknown, Principal>, Principal>,
  ): Promise<Value> {
    const value = await this.resolveIfAny<Args, Steps, Clients, Value>(resolver);
    if (value === undefined) throw invalid("", `the resolver of ${resolver.name} gave no value`);
    return value;
  }
  /** The same, except that the function may return no value. */
  async resolveIfAny<Args, Steps, Clients, Value extends NonNullable<unknown>>(
    resolver: Resolve<Args, Steps, Clients, Value | undefined, Request<unknown, Principal>, Principal>,
  ): Promise<Value | undefined> {
    return (await runResolver(this, resolver)) ?? undefined; // JavaScript may return null
  }

  /**
   * Runs a guard that waits for steps. No status is sent while the guard may still refuse. An error in it fails the
   * response, too, with this rank.
   */
  guard(run: () => Promise<void>, rank = 0): Promise<void> {
    return guarded(this.exchange, this.scope, run, rank);
  }
}
