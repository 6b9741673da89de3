// Composition: the `Request` for generated code, and the parts of one response: its budget, its resolvers, touched
// fields and degradation. This module depends on calls and guards, and not on the server.

import type { Position } from "@protobff/messages/bff/v1/stream_pb.js";
import { type AnyBatch, type Batch, type Collectors, collectorOf } from "../call/batch.ts";
import { sideOf } from "../call/branches.ts";
import type { CallContext } from "../call/context.ts";
import { metadataText } from "../call/response-metadata.ts";
import { startCall } from "../call/start-call.ts";
import type { Rpc } from "../call/upstream.ts";
import type { Clock } from "../clock.ts";
import { asFailure, Failure, invalid, OVER } from "../failure.ts";
import { Pool } from "../guard/pool.ts";
import type { Mark } from "../scope/causes.ts";
import { Scope } from "../scope/scope.ts";
import type { Sink } from "../scope/sink.ts";
import { TOKEN_HEADER } from "../topic/newest-item.ts";
import type { Topic } from "../topic/topic.ts";
import { Answer, type Extra, type Instead } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { type Loads, loadsOf } from "./loads.ts";
import { RequestFacts } from "./request-facts.ts";
import { type Resolve, runResolver } from "./resolver.ts";
import { begin, critical, filled, handled, supplementary, when } from "./steps.ts";

/** Properties that a part of a request has. */
interface Part<Of> {
  readonly root: Of;
  /** Undefined for the part itself. */
  readonly whole: Of | undefined;
  readonly scope: Scope;
  readonly pools: readonly Pool[];
  readonly supplementary: boolean;
  /** Request for deferred steps. Undefined for the part itself. */
  readonly late?: Of | undefined;
}

/**
 * Some members of an owner. For names that every object has, TypeScript takes the inherited member for one that is
 * missing.
 */
type PartOf<Owner> = {
  readonly [Name in keyof Owner]?: Name extends keyof typeof Object.prototype ? unknown : Owner[Name];
};

/**
 * One request, as composing code sees it, or a part of one (`sub`, `bounded`). Its promises may be ignored: a rejection
 * that no code awaits has no effect.
 */
export class Request<out App, out Principal = undefined> extends RequestFacts<Principal> implements CallContext {
  /** Parts with which the service was created: its calls and its environment. */
  readonly app: App;
  /** @internal Scope that fails and is cancelled with this request. */
  readonly scope: Scope;
  /** @internal Pools that an unbatched call must enter, in this order. */
  readonly pools: readonly Pool[];
  /** @internal The whole request, as observers see it. */
  readonly root: Request<App, Principal>;
  /** @internal The request that its exchange serves: the root, or a fetch on behalf of it. */
  readonly whole: Request<App, Principal>;
  /** @internal True if the response can continue without its calls. */
  readonly supplementary: boolean;
  #aside: Request<App, Principal> | undefined;
  readonly #late: Request<App, Principal> | undefined;
  #collectors: Collectors | undefined; // of the whole only
  readonly #fail = (thrown: unknown): void => this.scope.fail(asFailure(thrown));

  /** Only for `endpoint`, which passes it to composing code. */
  constructor(app: App, exchange: Exchange, of?: Part<Request<App, Principal>>) {
    super(exchange);
    this.app = app;
    this.scope = of?.scope ?? exchange.scope;
    this.pools = of?.pools ?? [];
    this.root = of?.root ?? this;
    this.whole = of?.whole ?? this;
    this.supplementary = of?.supplementary ?? false;
    this.#late = of?.late;
  }
  /** @internal Returns the request for a first answer. Its deferred steps may have more time than the rest. */
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
  /**
   * Returns the newest item of a topic's key; undefined if it has none. It is a call like any other, whose failure
   * fails this scope.
   */
  latest<Item>(topic: Topic<Item>, key: string): Promise<Item | undefined> {
    return this.call(topic.latest, key);
  }
  /** Returns the same item. A failure leaves `undefined`, too, with its cause remembered. */
  tryLatest<Item>(topic: Topic<Item>, key: string): Promise<Item | undefined> {
    return this.tryCall(topic.latest, key);
  }
  /** Returns the position at which clients resume after an item from `latest`. */
  positionOf(item: object | undefined): Position | undefined {
    const token = metadataText(this.exchange.received.get(item)?.headers, TOKEN_HEADER);
    return token === "" ? undefined : { $typeName: "bff.v1.Position", token, beat: false, reset: false };
  }
  /** Starts a call whose failure is handled by the step around it. */
  send<Req, Res, R = never>(rpc: Rpc<Req, Res>, request: Req, extra?: Extra<R>): Promise<Res | Instead<R>> {
    return handled(this.#call<Req, Res, R>(rpc, request, extra, false));
  }
  /**
   * Starts the same call with side effects. Once it was sent, only its deadline stops it, and an answer waits for it.
   * It is not sent when the response, or this scope, has failed or is over.
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
   * Returns the branch for calls of this method, chosen once per request and upstream; "" for none. It is part of keys
   * for results of their answers.
   */
  branchOf(rpc: Rpc<never, unknown>): string {
    return sideOf(this, rpc);
  }

  // ---- batches ----

  /**
   * Loads one item by its key, through one call for all keys that are requested together. Returns undefined if the
   * upstream has no such item.
   */
  load<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V | Instead<R> | undefined> {
    return this.#load(batch, key, group, extra, false) as Promise<V | Instead<R> | undefined>;
  }
  /** Loads the same. A failure leaves `undefined`, with its cause remembered. */
  tryLoad<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V | Instead<R> | undefined> {
    return this.#load(batch, key, group, extra, true) as Promise<V | Instead<R> | undefined>;
  }
  /** Loads all items of a key; none for a key that is missing. For batches with `many`. */
  loadMany<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V[] | Instead<R>> {
    return this.#load(batch, key, group, extra, false) as Promise<V[] | Instead<R>>;
  }
  /** Loads the same. A failure leaves `undefined`, with its cause remembered. */
  tryLoadMany<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V[] | Instead<R> | undefined> {
    return this.#load(batch, key, group, extra, true) as Promise<V[] | Instead<R> | undefined>;
  }
  /**
   * Loads an item, as `load` does, for each item of a list. The values become available together. A failure of one
   * fails this scope.
   *
   * @param key of one item of the list
   * @param group further request fields for it
   */
  loadEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V | undefined> {
    return loadsOf(this, batch, list, key, group, this.#fail);
  }
  /** Loads the same. A failure leaves `undefined`, with its cause remembered. */
  tryLoadEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V | undefined> {
    return loadsOf(this, batch, list, key, group, undefined);
  }
  /** Loads all items of each key; none for a key that is missing. For batches with `many`. */
  loadManyEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V[]> {
    return loadsOf(this, batch, list, key, group, this.#fail);
  }
  /** Loads the same. A failure leaves `undefined`, with its cause remembered. */
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
  #load<Req, Res, K, V, G, R>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group: G | undefined,
    extra: Extra<R> | undefined,
    supplementary: boolean,
  ): Promise<unknown> {
    const { whole, scope, collectors } = this;
    const collector = collectorOf(collectors, whole, batch as unknown as AnyBatch, group, extra?.retryIf);
    const shares = extra?.rescue === undefined && (supplementary || batch.rpc.cache === undefined);
    const critical = !(supplementary || this.supplementary);
    const given = shares ? collector.given(key, scope, supplementary, critical) : undefined;
    if (given !== undefined) return given;
    const answer = Promise.withResolvers<unknown>();
    const { promise } = answer;
    const own = supplementary && extra?.mark !== undefined ? { ...extra, mark: undefined } : extra; // a separate step
    const sink = shares && !supplementary ? answer : new Answer<unknown, R>(this.exchange, answer, own, supplementary);
    collector.load(key, scope, sink, critical, shares ? { promise, scope, supplementary, critical } : undefined);
    return supplementary ? promise : handled(promise);
  }

  // ---- steps ----

  /**
   * Registers a step whose failure fails this scope. A callback with a parameter receives the step's mark, for the
   * calls and lists in it.
   */
  step<T>(run: (mark: Mark) => Promise<T>): Promise<T> {
    return critical(this.exchange, run, this.#fail);
  }
  /**
   * Registers a step whose failure leaves `undefined`, with its cause remembered. A refusal in it rejects, and so does
   * the failure of a critical step that it reads.
   */
  tryStep<T>(run: (mark: Mark) => Promise<T>): Promise<T | undefined> {
    return supplementary(this.exchange, this.scope, run);
  }
  /**
   * Returns the fallback of a step: this value if the step leaves `undefined`, for any cause. A throw in it fails the
   * scope.
   */
  orElse<T, F>(step: Promise<T | undefined>, value: () => F | Promise<F>): Promise<T | F> {
    const told = filled(this.exchange, step, value);
    told.then(undefined, this.#fail);
    return told;
  }
  /**
   * Starts a step that only members of a oneof read, if one of them may be chosen. Otherwise its result is not read.
   *
   * @param wanted true if so, or a function that computes it
   */
  when<T>(wanted: boolean | (() => Promise<boolean>), start: () => Promise<T>): Promise<T> {
    return when(this.exchange, wanted, start);
  }
  /** Delays the answer until these steps have ended, even if no part of it reads them. */
  holds(...steps: readonly Promise<unknown>[]): void {
    this.exchange.hold(this.scope, Promise.allSettled(steps));
  }
  /**
   * Composes in a separate scope. A critical failure inside rejects this promise and cancels only that scope's calls. A
   * pending guard inside delays it. Guards and `refuse` still fail the whole response.
   */
  sub<T>(run: (cx: Request<App, Principal>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const scope = new Scope(this.scope, reject);
    if (scope.over) reject(OVER);
    else {
      const { root, whole, pools, supplementary } = this;
      const late = this.#late?.beside(scope);
      const cx = new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary, late });
      begin(() => run(cx), undefined).then(resolve, (thrown) => scope.fail(asFailure(thrown)));
    }
    return handled(promise);
  }
  /**
   * @internal Returns the request for deferred steps in this scope. It ends with the scope, and has the time of this
   *   request.
   */
  beside(scope: Scope): Request<App, Principal> {
    const { root, whole, pools, supplementary } = this;
    const own = new Scope(this.scope, (failure) => scope.fail(failure));
    scope.enter({ slot: 0, cancel: () => own.end(), expire() {} });
    return new Request(this.app, this.exchange, { root, whole, scope: own, pools, supplementary });
  }
  /**
   * Returns the same scope with a limit on unbatched calls in flight. A call in nested limits needs room in all of
   * them.
   */
  bounded(concurrent: number): Request<App, Principal> {
    const { root, whole, scope, supplementary } = this;
    const pools = [new Pool(concurrent), ...this.pools];
    return new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary });
  }
  /** Returns the same scope for optional calls, which are dropped first for an overloaded upstream. */
  get aside(): Request<App, Principal> {
    if (this.supplementary) return this;
    const { root, whole, scope, pools } = this;
    this.#aside ??= new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary: true });
    return this.#aside;
  }
  /** @internal */
  shared(): Request<App, Principal> {
    const { root, whole, pools, supplementary } = this;
    return new Request(this.app, this.exchange, { root, whole, scope: this.exchange.scope, pools, supplementary });
  }
  /** @internal */
  detached(fetch: object, clock: Clock, supplementary: boolean): Request<App, Principal> {
    const exchange = this.exchange.detached(fetch, clock);
    return this.within(exchange, supplementary);
  }
  /** @internal Returns a request for work on behalf of this one, with a separate budget and end. */
  within(exchange: Exchange, supplementary = false): Request<App, Principal> {
    const { scope } = exchange;
    return new Request(this.app, exchange, { root: this.root, whole: undefined, scope, pools: [], supplementary });
  }

  // ---- deferred steps ----

  /** Request for deferred steps, which may have more time. It is this request if no part comes later. */
  get late(): Request<App, Principal> {
    return this.#late ?? this;
  }
  /**
   * Announces fields that depend on deferred steps. If no part comes later, they are in the answer, and a failure in
   * `compose` leaves them empty.
   *
   * @param owner a composed message, in which they are empty
   * @param fields their proto names
   * @param compose returns their values, oneofs by the names of the oneofs; it is called once `owner` has its place in
   *   the response, or never
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
   * Returns the value of a user's resolver.
   *
   * @throws Failure (INVALID) if it returns none
   */
  async resolve<Args, Steps, Clients, Value extends NonNullable<unknown>>(
    resolver: Resolve<Args, Steps, Clients, Value, Request<unknown, Principal>, Principal>,
  ): Promise<Value> {
    const value = await this.resolveIfAny<Args, Steps, Clients, Value>(resolver);
    if (value === undefined) throw invalid("", `the resolver of ${resolver.name} gave no value`);
    return value;
  }
  /** Returns the value of a resolver that may return none. */
  async resolveIfAny<Args, Steps, Clients, Value extends NonNullable<unknown>>(
    resolver: Resolve<Args, Steps, Clients, Value | undefined, Request<unknown, Principal>, Principal>,
  ): Promise<Value | undefined> {
    return (await runResolver(this, resolver)) ?? undefined; // JavaScript code may return null
  }

  /**
   * Runs a guard that must wait for steps. No status is sent while the guard may still refuse. An error in it fails the
   * response too, with this rank.
   */
  guard(run: () => Promise<void>, rank = 0): Promise<void> {
    const { exchange, scope } = this;
    if (scope.over) return handled(Promise.reject(OVER));
    exchange.guardBegins(scope);
    const guard = begin(run, undefined);
    guard.then(
      () => exchange.guardEnds(scope),
      (thrown) => {
        // The failure of a step that the guard reads belongs to that step. The guard's message cannot be composed.
        if (thrown instanceof Failure) scope.fail(thrown);
        else exchange.scope.fail(asFailure(thrown), rank);
        exchange.guardEnds(scope);
      },
    );
    return guard;
  }
}
