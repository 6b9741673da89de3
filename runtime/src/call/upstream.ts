import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Cache } from "../cache/cache.ts";
import { type Clock, systemClock } from "../clock.ts";
import { AnswerTime } from "../guard/answer-time.ts";
import { Breaker, type BreakerPolicy } from "../guard/breaker.ts";
import { HedgeBudget, Throttle } from "../guard/budgets.ts";
import type { LimitPolicy, Places } from "../guard/limit.ts";
import type { RetryPolicy } from "../guard/retry.ts";
import { StreamPlaces } from "../guard/stream-places.ts";
import type { Observer } from "../observer.ts";
import type { BreakerReading, BreakerState, CalledMethod, UpstreamState } from "../observer-upstreams.ts";
import type { Guard, UnaryClient } from "../transport/unary-client.ts";
import { checkedDecoder } from "../wire/answer-values.ts";
import { frame } from "../wire/frame.ts";
import { readMessage } from "../wire/reader.ts";
import { Traffic } from "../wire/traffic.ts";
import { type BranchOf, branchesAt } from "./branches.ts";
import { type Learning, learning, limitOf } from "./call-limits.ts";
import { forwardable } from "./headers.ts";
import { Copies } from "./mirror/mirrored-call.ts";
import { type MirrorOf, mirrorsAt } from "./mirror/mirrors-at.ts";
import type { CallCaching, CallPolicy, HedgePolicy, StreamPolicy, UpstreamPolicy } from "./policy.ts";
import { Shards } from "./shards.ts";
import type { UpstreamOptions } from "./upstream-options.ts";

/**
 * One upstream service of this process: its connection, and the breaker, limit and throttle that its calls share. Each
 * branch of a service is an `Upstream`, too.
 *
 * @example
 * const worker = new Upstream("worker.v1.WorkerService", new GrpcClient("http://127.0.0.1:9001"), {});
 * const start = worker.unary(WorkerService.method.start, { timeoutMs: 500 });
 */
export class Upstream {
  /** Full service name. */
  readonly service: string;
  /** Name of the branch; undefined: it is the service itself. */
  readonly branch: string | undefined;
  /** Name of the shard; undefined: it is the whole service. */
  readonly shard: string | undefined;
  /** Its shards, which receive all of its calls; undefined: it has none. */
  readonly shards: Shards<Upstream> | undefined;
  /** The branches with an address, by name. */
  readonly branches: ReadonlyMap<string, Upstream>;
  readonly client: UnaryClient;
  readonly breaker: Breaker | undefined;
  readonly limit: Places | undefined;
  /** Places that open streams take. */
  readonly streams: StreamPlaces;
  readonly throttle: Throttle;
  readonly hedges = new HedgeBudget();
  /** Places of the copies that it receives as a mirror. */
  readonly copies = new Copies();
  readonly clock: Clock;
  /** Clock of the guards. */
  readonly guardClock: Clock;
  readonly observer: Observer | undefined;
  readonly #methods = new Map<string, Breaker | undefined>();
  readonly #called = new Map<string, { readonly answers: AnswerTime; counted?: CalledMethod }>();
  #cache: Cache | undefined;
  readonly #inner = new Map<string, Places>();
  /** Places of streams that a method can open; those of the service by "". */
  readonly #openable = new Map<string, StreamPlaces>();

  /** @param branches addresses of the branches, by name; an undefined branch is off */
  constructor(
    service: string,
    client: UnaryClient,
    policy: UpstreamPolicy,
    options?: UpstreamOptions,
    branches: Readonly<Record<string, UnaryClient | undefined>> = {},
  ) {
    const { clock = systemClock, observer, branch, shard } = options ?? {};
    this.service = service;
    this.branch = branch;
    this.shard = shard;
    this.client = client;
    this.clock = client.tap?.clock ?? clock;
    this.guardClock = clock;
    this.observer = observer;
    this.#cache = options?.cache;
    this.limit = policy.limit && this.#limitOf(policy.limit);
    this.streams = new StreamPlaces(policy.streams ?? STREAMS);
    this.throttle = this.#tapped(new Throttle(policy.retryBudget));
    this.#tapped(this.hedges);
    const breaker = (policy: BreakerPolicy | undefined, method?: string): Breaker | undefined => {
      const changed = (from: BreakerState, to: BreakerState): void =>
        observer?.breaker?.({ service, branch, shard, method, from, to, at: clock.now() });
      return policy && this.#tapped(new Breaker(policy, clock, changed, client));
    };
    this.breaker = breaker(policy.breaker);
    for (const [name, its] of Object.entries(policy.methods ?? {})) {
      const method = `${service}/${name}`;
      this.#methods.set(method, breaker(its.breaker, method));
    }
    this.branches = new Map(
      Object.entries(branches).flatMap(([name, other]) =>
        other === undefined ? [] : [[name, new Upstream(service, other, policy, { ...options, branch: name })]],
      ),
    );
    const { shards } = client;
    if (shards !== undefined) {
      const at = (shard: string, of: UnaryClient) => new Upstream(service, of, policy, { ...options, shard });
      const all = [...shards].map(([name, client]) => [name, at(name, client)] as const);
      this.shards = new Shards(new Map(all), policy.shardHash ?? "rendezvous");
      return; // its shards report their own state
    }
    if (observer?.ejection !== undefined)
      client.onEjection?.((ejection) => observer.ejection?.({ service, branch, shard, ...ejection }));
    observer?.upstream?.({ service, branch, shard, state: () => this.state });
  }
  get state(): UpstreamState {
    const breakers = [...this.#methods].flatMap(([method, breaker]) =>
      breaker === undefined ? [] : [{ method, ...readingOf(breaker) }],
    );
    const limits = [...this.#inner].map(([key, limit]) => ({ method: methodOf(key), ...limit.state }));
    return {
      breakers: this.breaker === undefined ? breakers : [readingOf(this.breaker), ...breakers],
      limits: this.limit === undefined ? limits : [this.limit.state, ...limits],
      streams: [...this.#openable].map(([key, { state }]) =>
        key === "" ? state : { method: methodOf(key), ...state },
      ),
      addresses: this.client.addresses?.() ?? [],
      methods: [...this.#called.values()].flatMap(({ counted }) => counted ?? []),
    };
  }
  /** The breaker of a method (`package.Service/Method`): its own, or the service's. */
  breakerOf(method: string): Breaker | undefined {
    return this.#methods.has(method) ? this.#methods.get(method) : this.breaker;
  }
  /** Returns the time of a method's answers, whatever the policy of its calls. */
  answersOf(method: string): AnswerTime {
    return this.#calledAt(method).answers;
  }
  /** Returns the counters of a method's messages; undefined: no observer reads them. */
  trafficOf(method: string, isCached: boolean): Traffic | undefined {
    if (this.observer?.upstream === undefined) return undefined;
    const called = this.#calledAt(method);
    const traffic = called.counted?.traffic ?? new Traffic();
    called.counted = { method, cached: isCached || called.counted?.cached === true, traffic };
    return traffic;
  }
  #calledAt(method: string): { readonly answers: AnswerTime; counted?: CalledMethod } {
    const called = this.#called.get(method) ?? { answers: new AnswerTime() };
    this.#called.set(method, called);
    return called;
  }
  /** Returns whether the budgets allow a further attempt, and reports it if not. */
  allows(kind: "retry" | "hedge"): boolean {
    if (this.throttle.allows && (kind === "retry" || this.hedges.take())) return true;
    const { service, branch, shard } = this;
    this.observer?.budgetRefused?.({ service, branch, shard, kind, at: this.clock.now() });
    return false;
  }
  get cache(): Cache {
    this.#cache ??= new Cache({ clock: this.clock });
    return this.#cache;
  }
  /**
   * Returns the inner pool of a method under a policy: one per process, even if several services and packages declare
   * the same policy.
   */
  innerLimit(method: string, policy: LimitPolicy): Places {
    const key = `${method} ${policy.concurrent} ${policy.queued} ${policy.adaptive ?? false}`;
    const limit = this.#inner.get(key) ?? this.#limitOf(policy);
    this.#inner.set(key, limit);
    return limit;
  }
  #limitOf(policy: LimitPolicy): Places {
    const { service: place, branch, shard } = this;
    const refused = (key: string): void => this.observer?.shareRefused?.({ place, branch, shard, key });
    return this.#tapped(limitOf(policy, this.guardClock, refused));
  }
  #tapped<G extends Guard>(guard: G): G {
    this.client.tap?.guard(guard);
    return guard;
  }
  /** Returns the places that the open streams of a method take. */
  placesOf(method: string, streams: number | undefined): readonly StreamPlaces[] {
    if (!this.#openable.has("")) this.#openable.set("", this.#tapped(this.streams));
    if (streams === undefined) return [this.streams];
    const key = `${method} ${streams}`;
    const places = this.#openable.get(key) ?? this.#tapped(new StreamPlaces(streams));
    this.#openable.set(key, places);
    return [places, this.streams];
  }
  /** A unary method of this service under a policy. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    policy: CallPolicy,
  ): Rpc<MessageInitShape<I>, MessageShape<O>> {
    const encode = (request: MessageInitShape<I>): Buffer => encoded(method.input, request);
    return this.unaryWith(method, encode, (reply) => readMessage(method.output, reply), policy);
  }
  /**
   * The same with a generated codec.
   *
   * @param encode returns the message with gRPC's prefix in front
   * @param decode returns the fields of an answer that are read, and refuses invalid bytes
   */
  unaryWith<Req, Res>(
    method: DescMethodUnary,
    encode: (request: Req) => Buffer,
    decode: (reply: Uint8Array) => Res,
    policy: CallPolicy,
  ): Rpc<Req, Res> {
    const codec = { encode, decode: checkedDecoder(method.output, decode), output: method.output };
    return new Rpc(this, fullName(method), policy, codec);
  }
  /** A server-streaming method of this service under a policy. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    policy: StreamPolicy,
  ): StreamRpc<MessageInitShape<I>, MessageShape<O>> {
    const encode = (request: MessageInitShape<I>): Buffer => encoded(method.input, request);
    return this.streamWith(method, encode, (item) => readMessage(method.output, item), policy);
  }
  /** The same with a generated codec, as of `unaryWith`. */
  streamWith<Req, Res>(
    method: DescMethodServerStreaming,
    encode: (request: Req) => Buffer,
    decode: (item: Uint8Array) => Res,
    policy: StreamPolicy,
  ): StreamRpc<Req, Res> {
    return new StreamRpc(this, fullName(method), policy, { encode, decode });
  }
}
/** Returns a method at each shard of an upstream. */
function ofShards<R>({ shards }: Upstream, create: (shard: Upstream) => R): ReadonlyMap<string, R> | undefined {
  return shards && new Map([...shards.all].map(([name, shard]) => [name, create(shard)]));
}

/** Default maximum number of open streams of an upstream. */
const STREAMS = 1_000;

const encoded = <D extends DescMessage>(desc: D, init: MessageInitShape<D>) =>
  frame(toBinary(desc, create(desc, init)));
const fullName = ({ parent, name }: DescMethod): string => `${parent.typeName}/${name}`;

const readingOf = ({ state, probesInMs }: Breaker): BreakerReading => ({
  state,
  ...(probesInMs !== undefined && { probesInMs }),
});
/** Returns the method at the start of a key. */
const methodOf = (key: string): string => key.slice(0, key.indexOf(" "));

/** Reads and writes the messages of a call. */
export interface Codec<Req, Res> {
  /** The message, framed. */
  readonly encode: (request: Req) => Buffer;
  readonly decode: (reply: Uint8Array) => Res;
  /** Type of the answers; undefined if they are no protobuf. */
  readonly output: DescMessage | undefined;
}

/**
 * A method of an upstream, and the policy of its calls.
 *
 * @example
 * const start = upstreams.worker.unary(WorkerService.method.start, { timeoutMs: 500 });
 * const run = await cx.call(start, { task: "build" });
 */
export class Rpc<Req, Res> {
  readonly upstream: Upstream;
  /** `package.Service/Method` */
  readonly method: string;
  readonly path: string;
  readonly codec: Codec<Req, Res>;
  readonly timeoutMs: number;
  readonly policy: CallPolicy;
  readonly retry: RetryPolicy | undefined;
  readonly hedge: HedgePolicy | undefined;
  readonly cache: CallCaching | undefined;
  readonly forward: readonly string[];
  /** True if the metadata of answers is kept. */
  readonly received: boolean;
  readonly limit: Places | undefined;
  /** The limits that learn from its answers; undefined if there are none. */
  readonly learning: readonly Learning[] | undefined;
  readonly breaker: Breaker | undefined;
  readonly answers: AnswerTime;
  readonly traffic: Traffic | undefined;
  /** The same at the addresses of branches, in the order of the rules; undefined if there are none. */
  readonly branches: readonly BranchOf<Rpc<Req, Res>>[] | undefined;
  /** Mirrors of the upstream that may receive copies of its calls; undefined if there are none. */
  readonly mirrors: readonly MirrorOf[] | undefined;
  /** The same at each shard, by name; undefined if there are none. */
  readonly shards: ReadonlyMap<string, Rpc<Req, Res>> | undefined;
  #bytes: Rpc<never, Uint8Array> | undefined;

  constructor(
    upstream: Upstream,
    method: string,
    policy: CallPolicy,
    codec: Codec<Req, Res>,
    mirrors?: readonly MirrorOf[],
  ) {
    this.upstream = upstream;
    this.method = method;
    this.path = `/${method}`;
    this.codec = codec;
    this.timeoutMs = policy.timeoutMs ?? Number.POSITIVE_INFINITY;
    this.policy = policy;
    this.retry = policy.retry;
    this.hedge = policy.hedge !== undefined && policy.hedge.max > 0 ? policy.hedge : undefined;
    const { cache, sensitive } = policy;
    this.cache = cache !== undefined && cache.ttlMs > 0 ? { ...cache, sensitive } : undefined;
    this.forward = forwardable(policy.forward ?? []);
    this.received = policy.received ?? false;
    this.limit = policy.limit && upstream.innerLimit(method, policy.limit);
    this.learning = learning(method, this.limit, upstream.limit);
    this.breaker = upstream.breakerOf(method);
    this.answers = upstream.answersOf(method);
    this.traffic = upstream.trafficOf(method, this.cache !== undefined);
    const alone = { ...policy, branches: undefined };
    const at = (branch: Upstream) => new Rpc(branch, method, { ...alone, copied: undefined }, codec);
    this.mirrors = mirrors ?? mirrorsAt(upstream.branches, policy, codec.output, at);
    this.branches = branchesAt(
      upstream.branches,
      policy.branches,
      (branch) => new Rpc(branch, method, alone, codec, this.mirrors),
    );
    this.shards = ofShards(upstream, (shard) => new Rpc(shard, method, policy, codec));
  }
  /** The same, but returning the bytes of an answer that can be decoded. */
  get bytes(): Rpc<never, Uint8Array> {
    const { upstream, method, policy, codec, mirrors } = this;
    const decode = (reply: Uint8Array): Uint8Array => {
      codec.decode(reply);
      return reply;
    };
    this.#bytes ??= new Rpc(upstream, method, policy, { ...codec, decode }, mirrors);
    return this.#bytes;
  }
}

/** Reads and writes the messages of a stream. */
interface StreamCodec<Req, Res> {
  /** The request, framed. */
  readonly encode: (request: Req) => Buffer;
  readonly decode: (item: Uint8Array) => Res;
}

/**
 * A server-streaming method of an upstream, and the policy of its streams.
 *
 * @example
 * const watch = upstreams.worker.stream(WorkerService.method.watch, {});
 * const source = callSource(watch, (_cx, args: FollowRunRequest) => ({ runId: args.runId }));
 */
export class StreamRpc<Req, Res> {
  readonly upstream: Upstream;
  /** `package.Service/Method` */
  readonly method: string;
  readonly path: string;
  readonly codec: StreamCodec<Req, Res>;
  readonly policy: StreamPolicy;
  readonly forward: readonly string[];
  readonly breaker: Breaker | undefined;
  /** Places that an open stream takes. */
  readonly places: readonly StreamPlaces[];
  readonly traffic: Traffic | undefined;
  /** The same at the addresses of branches, in the order of the rules; undefined if there are none. */
  readonly branches: readonly BranchOf<StreamRpc<Req, Res>>[] | undefined;
  /** The same at each shard, by name; undefined if there are none. */
  readonly shards: ReadonlyMap<string, StreamRpc<Req, Res>> | undefined;

  constructor(upstream: Upstream, method: string, policy: StreamPolicy, codec: StreamCodec<Req, Res>) {
    this.upstream = upstream;
    this.method = method;
    this.path = `/${method}`;
    const { encode, decode } = codec;
    this.codec = { encode, decode: upstream.client.tap?.decoder?.(decode) ?? decode };
    this.policy = policy;
    this.forward = forwardable(policy.forward ?? []);
    this.breaker = upstream.breakerOf(method);
    this.places = upstream.placesOf(method, policy.streams);
    this.traffic = upstream.trafficOf(method, false);
    const alone = { ...policy, branches: undefined };
    this.branches = branchesAt(
      upstream.branches,
      policy.branches,
      (branch) => new StreamRpc(branch, method, alone, codec),
    );
    this.shards = ofShards(upstream, (shard) => new StreamRpc(shard, method, policy, codec));
  }
}
