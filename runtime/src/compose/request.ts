// Composing: what generated code is given, a `Request`, and what one response is made of: its budget, its resolvers, what failures
// have touched and how it degrades. It knows calls and guards, and not who serves it.

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

/** What a part of a request has of it. */
interface Part<Of> {
  readonly root: Of;
  /** Undefined: the part itself. */
  readonly whole: Of | undefined;
  readonly scope: Scope;
  readonly pools: readonly Pool[];
  readonly supplementary: boolean;
  /** The same for what is deferred; undefined: the part itself. */
  readonly late?: Of | undefined;
}

/** Some of its members. Of a name that every object has TypeScript takes what it inherits for a member that is not given. */
type PartOf<Owner> = {
  readonly [Name in keyof Owner]?: Name extends keyof typeof Object.prototype ? unknown : Owner[Name];
};

/**
 * One request, as composing code sees it; or a part of one (`sub`, `bounded`). Every promise that it hands out may be left
 * alone: a rejection of one that nobody awaits harms nobody.
 */
export class Request<out App, out Principal = undefined> extends RequestFacts<Principal> implements CallContext {
  /** What the service was created with: its calls and its environment. */
  readonly app: App;
  /** @internal What fails with this, and is cancelled with it. */
  readonly scope: Scope;
  /** @internal What an unbatched call has to enter, in this order. */
  readonly pools: readonly Pool[];
  /** @internal The whole request, as observers know it. */
  readonly root: Request<App, Principal>;
  /** @internal All that its exchange is for: the root, or a fetch on behalf of it. */
  readonly whole: Request<App, Principal>;
  /** @internal Whether the response does without what is called for in it. */
  readonly supplementary: boolean;
  #aside: Request<App, Principal> | undefined;
  readonly #late: Request<App, Principal> | undefined;
  #collectors: Collectors | undefined; // of the whole only
  readonly #fail = (thrown: unknown): void => this.scope.fail(asFailure(thrown));

  /** Only for `endpoint`; composing code is given one. */
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
  /** @internal One of which a first answer is composed; what is deferred may have more time than the rest. */
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
  /** The newest item of a topic's key: a call like any other, whose failure fails this scope. Undefined: there is none. */
  latest<Item>(topic: Topic<Item>, key: string): Promise<Item | undefined> {
    return this.call(topic.latest, key);
  }
  /** The same; a failure leaves `undefined`, too, with its cause remembered. */
  tryLatest<Item>(topic: Topic<Item>, key: string): Promise<Item | undefined> {
    return this.tryCall(topic.latest, key);
  }
  /** Where clients go on behind an item that `latest` gave. */
  positionOf(item: object | undefined): Position | undefined {
    const token = metadataText(this.exchange.received.get(item)?.headers, TOKEN_HEADER);
    return token === "" ? undefined : { $typeName: "bff.v1.Position", token, beat: false, reset: false };
  }
  /** Starts a call whose failure is for the step around it. */
  send<Req, Res, R = never>(rpc: Rpc<Req, Res>, request: Req, extra?: Extra<R>): Promise<Res | Instead<R>> {
    return handled(this.#call<Req, Res, R>(rpc, request, extra, false));
  }
  /**
   * The same for a call with side effects: once it has been sent, only its own deadline stops it, and an answer waits for it.
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

  /** The branch that calls of this method go to, chosen once per request and upstream; "": none. For keys of what is made of their answers. */
  branchOf(rpc: Rpc<never, unknown>): string {
    return sideOf(this, rpc);
  }

  // ---- batches ----

  /** One item by its key, through a call for all keys that are asked for together; undefined: the upstream has no such item. */
  load<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V | Instead<R> | undefined> {
    return this.#load(batch, key, group, extra, false) as Promise<V | Instead<R> | undefined>;
  }
  /** The same; a failure leaves `undefined`, with its cause remembered. */
  tryLoad<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V | Instead<R> | undefined> {
    return this.#load(batch, key, group, extra, true) as Promise<V | Instead<R> | undefined>;
  }
  /** All items of a key; none for a key that is missing. Of batches with `many`. */
  loadMany<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V[] | Instead<R>> {
    return this.#load(batch, key, group, extra, false) as Promise<V[] | Instead<R>>;
  }
  /** The same; a failure leaves `undefined`, with its cause remembered. */
  tryLoadMany<Req, Res, K, V, G, R = never>(
    batch: Batch<Req, Res, K, V, G>,
    key: K,
    group?: G,
    extra?: Extra<R>,
  ): Promise<V[] | Instead<R> | undefined> {
    return this.#load(batch, key, group, extra, true) as Promise<V[] | Instead<R> | undefined>;
  }
  /**
   * The same as `load` for each of a list. Values come together, once there are all; a failure of one fails this scope.
   *
   * @param key of one of the list
   * @param group what else is in the request for it
   */
  loadEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V | undefined> {
    return loadsOf(this, batch, list, key, group, this.#fail);
  }
  /** The same; a failure leaves `undefined`, with its cause remembered. */
  tryLoadEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V | undefined> {
    return loadsOf(this, batch, list, key, group, undefined);
  }
  /** All items of each key; none for a key that is missing. Of batches with `many`. */
  loadManyEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V[]> {
    return loadsOf(this, batch, list, key, group, this.#fail);
  }
  /** The same; a failure leaves `undefined`, with its cause remembered. */
  tryLoadManyEach<Row, Req, Res, K, V, G>(
    batch: Batch<Req, Res, K, V, G>,
    list: readonly Row[],
    key: (row: Row) => K,
    group?: (row: Row) => G,
  ): Loads<V[] | undefined> {
    return loadsOf(this, batch, list, key, group, undefined);
  }
  /** @internal Of the whole. */
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
    const own = supplementary && extra?.mark !== undefined ? { ...extra, mark: undefined } : extra; // a step of its own
    const sink = shares && !supplementary ? answer : new Answer<unknown, R>(this.exchange, answer, own, supplementary);
    collector.load(key, scope, sink, critical, shares ? { promise, scope, supplementary, critical } : undefined);
    return supplementary ? promise : handled(promise);
  }

  // ---- steps ----

  /**
   * Takes on a step whose failure fails this scope. A callback with a parameter gets the step's mark, to give to the calls
   * and lists in it.
   */
  step<T>(run: (mark: Mark) => Promise<T>): Promise<T> {
    return critical(this.exchange, run, this.#fail);
  }
  /**
   * Takes on a step whose failure leaves `undefined`, with its cause remembered. A refusal in it rejects, and so does the failure of a
   * critical step that it reads.
   */
  tryStep<T>(run: (mark: Mark) => Promise<T>): Promise<T | undefined> {
    return supplementary(this.exchange, this.scope, run);
  }
  /** The fallback of a step: this value where the step leaves `undefined`, whatever the cause. A throw in it fails the scope. */
  orElse<T, F>(step: Promise<T | undefined>, value: () => F | Promise<F>): Promise<T | F> {
    const told = filled(this.exchange, step, value);
    told.then(undefined, this.#fail);
    return told;
  }
  /**
   * Starts a step that only members of a oneof read, where one of them may be chosen. Nobody reads what it gives otherwise.
   *
   * @param wanted whether it is so, or how to find out
   */
  when<T>(wanted: boolean | (() => Promise<boolean>), start: () => Promise<T>): Promise<T> {
    return when(this.exchange, wanted, start);
  }
  /** An answer waits until these have ended, although nothing in it may read them. */
  holds(...steps: readonly Promise<unknown>[]): void {
    this.exchange.hold(this.scope, Promise.allSettled(steps));
  }
  /**
   * Composes in a scope of its own: a critical failure inside rejects this promise and cancels that scope's calls, nothing
   * else. A guard inside that is pending holds it back; guards and `refuse` fail the whole response nevertheless.
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
  /** @internal For what is deferred of what is composed in this scope: it ends with it, and has the time of this one. */
  beside(scope: Scope): Request<App, Principal> {
    const { root, whole, pools, supplementary } = this;
    const own = new Scope(this.scope, (failure) => scope.fail(failure));
    scope.enter({ slot: 0, cancel: () => own.end(), expire() {} });
    return new Request(this.app, this.exchange, { root, whole, scope: own, pools, supplementary });
  }
  /** The same scope, through which at most so many unbatched calls are in flight at once. Nested: all must have room. */
  bounded(concurrent: number): Request<App, Principal> {
    const { root, whole, scope, supplementary } = this;
    const pools = [new Pool(concurrent), ...this.pools];
    return new Request(this.app, this.exchange, { root, whole, scope, pools, supplementary });
  }
  /** The same scope, for calls that the response can do without: an overloaded upstream is spared them first. */
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
  /** @internal What is done for this request with a budget, and an end, of its own. */
  within(exchange: Exchange, supplementary = false): Request<App, Principal> {
    const { scope } = exchange;
    return new Request(this.app, exchange, { root: this.root, whole: undefined, scope, pools: [], supplementary });
  }

  // ---- what is deferred ----

  /** The same request for deferred steps, which may have more time; where nothing comes later, this one. */
  get late(): Request<App, Principal> {
    return this.#late ?? this;
  }
  /**
   * Fields that rest on deferred steps. Where nothing comes later they are in the answer; what fails in `compose` leaves them empty.
   *
   * @param owner a composed message, in which they are empty
   * @param fields their proto names
   * @param compose gives their values, oneofs by their own names; it is called once `owner` has its place in the response, or never
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
   * What a function of the user supplies.
   *
   * @throws Failure (INVALID) when it gives nothing
   */
  async resolve<Args, Steps, Clients, Value extends NonNullable<unknown>>(
    resolver: Resolve<Args, Steps, Clients, Value, Request<unknown, Principal>, Principal>,
  ): Promise<Value> {
    const value = await this.resolveIfAny<Args, Steps, Clients, Value>(resolver);
    if (value === undefined) throw invalid("", `the resolver of ${resolver.name} gave no value`);
    return value;
  }
  /** The same where there may be none. */
  async resolveIfAny<Args, Steps, Clients, Value extends NonNullable<unknown>>(
    resolver: Resolve<Args, Steps, Clients, Value | undefined, Request<unknown, Principal>, Principal>,
  ): Promise<Value | undefined> {
    return (await runResolver(this, resolver)) ?? undefined; // JavaScript may give null
  }

  /**
   * Runs a guard that has to wait for steps; no status leaves while it may still speak. An error in it fails the response too,
   * with this rank.
   */
  guard(run: () => Promise<void>, rank = 0): Promise<void> {
    const { exchange, scope } = this;
    if (scope.over) return handled(Promise.reject(OVER));
    exchange.guardBegins(scope);
    const guard = begin(run, undefined);
    guard.then(
      () => exchange.guardEnds(scope),
      (thrown) => {
        // A step that the guard reads has failed: that is the step's affair, but the guard's message cannot be composed.
        if (thrown instanceof Failure) scope.fail(thrown);
        else exchange.scope.fail(asFailure(thrown), rank);
        exchange.guardEnds(scope);
      },
    );
    return guard;
  }
}
