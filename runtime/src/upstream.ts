import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Breaker, type BreakerPolicy } from "./breaker.ts";
import { type Clock, systemClock } from "./clock.ts";
import { forwardable } from "./headers.ts";
import { Limit, type LimitPolicy } from "./limit.ts";
import type { Observer } from "./observer.ts";
import type { RetryPolicy } from "./retry.ts";
import { Throttle } from "./throttle.ts";
import { frame } from "./transport/frame.ts";
import type { UnaryClient } from "./transport/unary-client.ts";

export interface UpstreamPolicy {
  /** None: no breaker. */
  readonly breaker?: BreakerPolicy | undefined;
  /** None: no limit. */
  readonly limit?: LimitPolicy | undefined;
}

export interface CallPolicy {
  /** From ready to result: queueing, attempts and backoff included. None: what the request's budget leaves. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  /** Names of incoming headers to pass on. */
  readonly forward?: readonly string[] | undefined;
  /** A limit of this rpc's own, inside the upstream's: both must admit. */
  readonly limit?: LimitPolicy | undefined;
}

export interface UpstreamOptions {
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
}

/** One upstream service of this process: its connection, and the breaker, limit and throttle that its calls share. */
export class Upstream {
  /** Full service name. */
  readonly service: string;
  readonly client: UnaryClient;
  readonly breaker: Breaker | undefined;
  readonly limit: Limit | undefined;
  readonly throttle = new Throttle();
  readonly clock: Clock;
  readonly observer: Observer | undefined;
  readonly #inner = new Map<string, Map<LimitPolicy, Limit>>();

  constructor(service: string, client: UnaryClient, policy: UpstreamPolicy, options?: UpstreamOptions) {
    const clock = options?.clock ?? systemClock;
    const observer = options?.observer;
    this.service = service;
    this.client = client;
    this.clock = clock;
    this.observer = observer;
    this.limit = policy.limit && new Limit(policy.limit);
    this.breaker =
      policy.breaker &&
      new Breaker(policy.breaker, clock, (from, to) => observer?.breaker?.({ service, from, to, at: clock.now() }));
  }
  /** The inner pool of a method under a policy: one per process, however many services share the policy. */
  innerLimit(method: string, policy: LimitPolicy): Limit {
    const ofMethod = this.#inner.get(method) ?? new Map<LimitPolicy, Limit>();
    this.#inner.set(method, ofMethod);
    const limit = ofMethod.get(policy) ?? new Limit(policy);
    ofMethod.set(policy, limit);
    return limit;
  }
  /** A unary method of this service under a policy. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    policy: CallPolicy,
  ): Rpc<MessageInitShape<I>, MessageShape<O>> {
    const { input, output } = method;
    return new Rpc(this, `${method.parent.typeName}/${method.name}`, policy, {
      encode: (request) => frame(toBinary(input, create(input, request))),
      decode: (reply) => fromBinary(output, reply),
    });
  }
}

export interface Codec<Req, Res> {
  /** The message, framed. */
  readonly encode: (request: Req) => Buffer;
  readonly decode: (reply: Uint8Array) => Res;
}

/** A method of an upstream, and how it is to be called. */
export class Rpc<Req, Res> {
  readonly upstream: Upstream;
  /** `package.Service/Method` */
  readonly method: string;
  readonly path: string;
  readonly codec: Codec<Req, Res>;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy | undefined;
  readonly forward: readonly string[];
  readonly limit: Limit | undefined;

  constructor(upstream: Upstream, method: string, policy: CallPolicy, codec: Codec<Req, Res>) {
    this.upstream = upstream;
    this.method = method;
    this.path = `/${method}`;
    this.codec = codec;
    this.timeoutMs = policy.timeoutMs ?? Number.POSITIVE_INFINITY;
    this.retry = policy.retry;
    this.forward = forwardable(policy.forward ?? []);
    this.limit = policy.limit && upstream.innerLimit(method, policy.limit);
  }
}
