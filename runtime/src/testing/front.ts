import { create, type Message } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Limited } from "../admission/limit-uses.ts";
import type { Telemetry } from "../admission/telemetry.ts";
import type { Cache } from "../cache/cache.ts";
import type { CallPolicy, UpstreamPolicy } from "../call/policy.ts";
import { Upstream } from "../call/upstream.ts";
import type { Request } from "../compose/request.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import { Code, type Failure } from "../failure.ts";
import type { ShareRule } from "../guard/limit.ts";
import type { Observer } from "../observer.ts";
import type { AttemptEvent, CacheEvent, CallEvent } from "../observer-calls.ts";
import type { LimitEvent, ResponseEvent } from "../observer-requests.ts";
import type { ResponseCaching } from "../response-cache/response-caching.ts";
import type { UnaryClient } from "../transport/unary-client.ts";
import { FakeClient } from "./fake-client.ts";
import { FakeClock } from "./fake-clock.ts";
import {
  type BatchGetResponse,
  Front,
  type Page,
  PageSchema,
  type ShowRequest,
  ShowRequestSchema,
  type Thing,
  Upstream as UpstreamService,
} from "./gen/test_pb.ts";

export interface Answered {
  page?: Page;
  header?: string;
  entries?: string[];
  failure?: Failure;
}

export interface FrontOptions {
  policy?: UpstreamPolicy;
  call?: CallPolicy;
  timeoutMs?: number;
  concurrent?: number;
  /** Addresses of its branches. */
  branches?: Readonly<Record<string, UnaryClient>>;
  /** Default: a separate cache for the upstream. */
  cache?: (clock: FakeClock) => Cache;
  readonly limits?: Limited<unknown, ShowRequest, Page, undefined>;
  readonly answers?: ResponseCaching<unknown, ShowRequest, undefined>;
  /** Replaces the observer whose events `front` collects. */
  observer?: { readonly instead: Observer | ((clock: FakeClock) => Observer) | undefined };
  readonly telemetry?: Telemetry<unknown, ShowRequest, undefined, Page>;
  readonly share?: ShareRule<Request<unknown>>;
}

/** A BFF with one RPC over one upstream, on a clock that stands still. */
export function front<C extends UnaryClient = FakeClient>(options: FrontOptions = {}, client?: C) {
  const clock = new FakeClock();
  const used = (client ?? new FakeClient()) as C;
  const calls: CallEvent[] = [];
  const responses: ResponseEvent[] = [];
  const states: string[] = [];
  const attempts: AttemptEvent[] = [];
  const cached: CacheEvent[] = [];
  const limited: LimitEvent[] = [];
  const collecting: Observer = {
    call: (event) => calls.push(event),
    response: (event) => responses.push(event),
    breaker: ({ to, method, branch }) =>
      states.push([branch && `branch ${branch}`, method, to].filter((part) => part !== undefined).join(" ")),
    attempt: (event) => attempts.push(event),
    cache: (event) => cached.push(event),
    limited: (event) => limited.push(event),
  };
  const instead = options.observer?.instead;
  const other = typeof instead === "function" ? instead(clock) : instead;
  const observer = options.observer === undefined ? collecting : other;
  const cache = options.cache?.(clock);
  const upstream = new Upstream(
    "test.v1.Upstream",
    used,
    options.policy ?? {},
    { clock, observer, cache },
    options.branches,
  );
  const get = upstream.unary(UpstreamService.method.get, options.call ?? {});
  const batchGet = upstream.unary(UpstreamService.method.batchGet, options.call ?? {});
  const app = {
    get,
    /** Another policy for the same method. */
    getWith: (policy: CallPolicy) => upstream.unary(UpstreamService.method.get, policy),
    byId: {
      rpc: batchGet,
      request: (ids: string[]) => ({ ids }),
      items: (response: BatchGetResponse) => response.things,
      key: (item: Thing) => item.id,
      max: 3,
    },
    batchGet,
  };
  type App = typeof app;
  type Compose = (cx: Request<App>) => Promise<Page>;
  type More = { headers?: Record<string, string>; clientMs?: number };
  /** Starts a request; its `answer` resolves when it has one. */
  const send = (compose: Compose, more?: More) => sender(compose)(more);
  /** The same for one endpoint, for several requests in sequence. */
  const sender = (compose: Compose) => {
    let entries: string[] | undefined;
    const { run } = endpoint(Front.method.show, app, {
      timeoutMs: options.timeoutMs ?? 2_000,
      concurrent: options.concurrent,
      compose,
      degraded: (_, all) => {
        entries = all.map(
          ({ path, effect, reason, upstream, age }) =>
            `${path} ${effect} ${reason} ${upstream}${age ? ` ${durationMs(age)} ms` : ""}`,
        );
      },
      limits: options.limits,
      cache: options.answers,
      telemetry: options.telemetry,
      share: options.share,
      clock,
      observer,
    });
    return ({ headers = {}, clientMs }: More = {}) => {
      const { promise, resolve } = Promise.withResolvers<Answered>();
      const state: { answered?: Answered } = {};
      const settle = (answered: Answered): void => {
        if (state.answered !== undefined) throw new Error("answered twice");
        state.answered = answered;
        resolve(answered);
      };
      const running = run(
        create(ShowRequestSchema),
        new Headers(headers),
        clientMs,
        (page: Message, header) => settle({ page: page as Page, header, ...(entries && { entries }) }),
        (failure) => settle({ failure }),
      );
      return { answer: promise, cancel: () => running.cancel(), state };
    };
  };
  return { clock, client: used, upstream, app, send, sender, calls, responses, states, attempts, cached, limited };
}

export const RETRY = { attempts: 3, on: [Code.UNAVAILABLE], initialMs: 20, maxMs: 200, multiplier: 2 };

/**
 * `front` with `get`: a request that makes one call and answers with the received id; `policy` replaces the call's own.
 */
export function singleCall<C extends UnaryClient = FakeClient>(options: FrontOptions = {}, client?: C) {
  const all = front(options, client);
  const get = (id: string, more?: Parameters<typeof all.send>[1], policy?: CallPolicy) =>
    all.send(async (cx) => {
      const rpc = policy === undefined ? cx.app.get : cx.app.getWith(policy);
      return page({ title: (await cx.call(rpc, { id })).id });
    }, more);
  return { ...all, get };
}

export function page(init: Partial<Page> = {}): Page {
  return { ...create(PageSchema), ...init };
}
