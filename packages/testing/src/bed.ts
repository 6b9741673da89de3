import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import { Cache } from "@protobff/runtime/internal/cache/cache";
import { Purges } from "@protobff/runtime/internal/cache/purges";
import type { UpstreamOptions } from "@protobff/runtime/internal/call/upstream-options";
import type { Clock } from "@protobff/runtime/internal/clock";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { asFailure } from "@protobff/runtime/internal/failure";
import { type IncomingHeaders, NOWHERE, type Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { Limits } from "@protobff/runtime/internal/limits/limits";
import type { Observer } from "@protobff/runtime/internal/observer";
import { KEY_BYTES, Sealer } from "@protobff/runtime/internal/sealing/sealer";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { MemoryTopics } from "@protobff/runtime/internal/topic/memory-store";
import { Topics } from "@protobff/runtime/internal/topic/topic";
import { NO_USAGE } from "@protobff/runtime/internal/usage/usage-event";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { FakeClock } from "./fake-clock.ts";
import { TestFollow } from "./follow.ts";
import type { TestCaller, TestIdentity } from "./identity.ts";
import { shownError } from "./shown-error.ts";

/** Options of the BFF that a test makes. */
export interface TestOptions<C extends Clock = Clock, Principal extends DescMessage = DescMessage> {
  /**
   * Clock of the BFF and of its mocks. Default: a separate clock, whose timers fire as soon as nothing else is left to
   * do, so that tests do not wait for deadlines. A test moves the time of a `FakeClock` itself; `systemClock` is that
   * of the process.
   */
  readonly clock?: C | undefined;
  readonly observer?: Observer | undefined;
  /** Caller of calls that name none. Default: not authenticated. */
  readonly caller?: TestCaller<Principal> | undefined;
}

/** Options of one call. */
export interface TestCall<Principal extends DescMessage = DescMessage> {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Caller of the call. Null: not authenticated. */
  readonly caller?: TestCaller<Principal> | null | undefined;
  /** The client's deadline, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Aborting it disconnects the client. */
  readonly signal?: AbortSignal | undefined;
  /** IP address of the client. Default: unknown. */
  readonly address?: string | undefined;
  /** Receives the headers of the answer, including `bff-degraded`, even of an error. */
  readonly onHeader?: ((headers: Headers) => void) | undefined;
}

/** An rpc, called in this process. It rejects with a `ConnectError`, as clients of Connect do. */
export type TestRpc<I extends DescMessage, O extends DescMessage, Principal extends DescMessage = DescMessage> = (
  request: MessageInitShape<I>,
  call?: TestCall<Principal>,
) => Promise<MessageShape<O>>;

/** A streaming RPC, followed in this process. `resume` is the token after which the stream resumes. */
export type TestStreamRpc<I extends DescMessage, O extends DescMessage, Principal extends DescMessage = DescMessage> = (
  request: MessageInitShape<I>,
  call?: TestCall<Principal> & { readonly resume?: string | undefined },
) => TestFollow<MessageShape<O>>;

/**
 * Parts of a BFF in this process, for generated code.
 *
 * @example
 * const bed = new TestBed({ clock: new FakeClock() });
 * const upstreams = createUpstreams(mocks, bed.upstreams);
 * const endpoints = createRunService({ upstreams, env: {}, topics: bed.topics });
 * const getRun = bed.rpc(endpoints, RunService.method.getRun);
 */
export class TestBed<C extends Clock = Clock, Principal extends DescMessage = DescMessage> {
  readonly clock: C;
  /** Options for `createUpstreams`. */
  readonly upstreams: UpstreamOptions;
  readonly cache: Cache;
  readonly limits: Limits;
  /** Drops usage events. */
  readonly usage = NO_USAGE;
  /** Seals page tokens, with the same key in all tests. */
  readonly pages = new Sealer([Buffer.alloc(KEY_BYTES)]);
  /** Topics of a process without NATS: fed by their calls, or in memory if they have none. */
  readonly topics: Topics;
  readonly observer: Observer | undefined;
  /** Receives errors of mocks, which the next call to end throws. */
  readonly thrown = (error: Error): void => {
    this.#errors.push(error);
  };
  readonly #passing: FakeClock | undefined;
  readonly #identity: TestIdentity<Principal> | undefined;
  readonly #caller: TestCaller<Principal> | undefined;
  readonly #errors: Error[] = [];
  readonly #running = new Set<() => void>();
  readonly #lone = new MemoryTopics();
  /** Puts an item into a topic that has no call, for those who follow it. */
  readonly publish = (topic: string, key: string, item: Message): void => this.#lone.publish(topic, key, item);

  readonly #purges = new Purges();
  /** Purges tags of cached answers. */
  readonly purge = (...tags: readonly string[]): void => this.#purges.purge(tags);

  /** @param identity the identity of a BFF that has one */
  constructor({ clock, observer, caller }: TestOptions<C, Principal>, identity?: TestIdentity<Principal>) {
    const fakeClock = new FakeClock();
    this.#passing = clock === undefined ? fakeClock : undefined;
    // Without a `clock`, C is the type of the default.
    this.clock = clock ?? (fakeClock as Clock as C);
    this.cache = new Cache({ clock: this.clock, purges: this.#purges });
    this.limits = new Limits({ clock: this.clock, fault: (what, cause) => this.thrown(new Error(what, { cause })) });
    this.topics = new Topics({ clock: this.clock, observer, lone: this.#lone });
    this.upstreams = { clock: this.clock, cache: this.cache, observer };
    this.observer = observer;
    this.#caller = caller;
    this.#identity = identity;
    identity?.signBy(this.clock);
  }

  /** @throws TypeError where no endpoint is that of the method */
  rpc<I extends DescMessage, O extends DescMessage>(
    endpoints: readonly (Endpoint | StreamEndpoint)[],
    method: DescMethodUnary<I, O>,
  ): TestRpc<I, O, Principal> {
    const found = endpoints.find((endpoint): endpoint is Endpoint => endpoint.method === method && "run" in endpoint);
    if (found === undefined) throw new TypeError(`nothing serves ${method.toString()}`);
    const endpoint = found.withClock?.(this.clock) ?? found;
    return async (request, call = {}) => {
      const answer = this.#run(endpoint, toBinary(method.input, create(method.input, request)), call);
      let response: MessageShape<O>;
      try {
        const bytes = await (this.#passing === undefined ? answer : this.#passing.until(answer));
        response = fromBinary(method.output, bytes);
      } catch (thrown) {
        throw this.#errors.shift() ?? thrown;
      }
      const [error] = this.#errors.splice(0);
      if (error !== undefined) throw error;
      return response;
    };
  }

  /** @throws TypeError where no endpoint is that of the method */
  stream<I extends DescMessage, O extends DescMessage>(
    endpoints: readonly (Endpoint | StreamEndpoint)[],
    method: DescMethodServerStreaming<I, O>,
  ): TestStreamRpc<I, O, Principal> {
    const found = endpoints.find(
      (endpoint): endpoint is StreamEndpoint => endpoint.method === method && "follow" in endpoint,
    );
    if (found === undefined) throw new TypeError(`nothing serves ${method.toString()}`);
    const endpoint = found.withClock?.(this.clock) ?? found;
    const { codec } = endpoint;
    const read = (message: Message): MessageShape<O> => {
      const bytes =
        codec === undefined
          ? toBinary(method.output, message as MessageShape<O>)
          : codec.encode(message).subarray(PREFIX_BYTES);
      return fromBinary(method.output, bytes);
    };
    return (request, call = {}) => {
      const follow = new TestFollow<MessageShape<O>>(read, (promise) => this.#passed(promise));
      const bytes = toBinary(method.input, create(method.input, request));
      try {
        const args = codec === undefined ? fromBinary(method.input, bytes) : codec.decode(bytes);
        const headers = this.#headers(call);
        follow.begin(
          (follower) => endpoint.follow(args, headers, call.timeoutMs, call.resume, follower),
          (metadata) => call.onHeader?.(headersOf(metadata, "")),
        );
      } catch (thrown) {
        follow.fail(thrown);
      }
      this.#running.add(() => follow.cancel());
      call.signal?.addEventListener("abort", () => follow.cancel(), { once: true });
      return follow;
    };
  }
  /** Awaits a call. An error that a mock throws meanwhile replaces its result. */
  async #passed<T>(promise: Promise<T>): Promise<T> {
    const value = await (this.#passing === undefined ? promise : this.#passing.until(promise));
    const [error] = this.#errors.splice(0);
    if (error !== undefined) throw error;
    return value;
  }

  /** Ends whatever still runs. */
  close(): void {
    for (const end of this.#running) end();
  }

  async #run({ method, codec, run }: Endpoint, bytes: Uint8Array, call: TestCall<Principal>): Promise<Uint8Array> {
    const args = codec === undefined ? fromBinary(method.input, bytes) : codec.decode(bytes);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const reportHeader = (metadata: AnswerMetadata | undefined, degraded = ""): void =>
      call.onHeader?.(headersOf(metadata, degraded));
    const answering = run(
      args,
      this.#headers(call),
      call.timeoutMs,
      (response, degraded, metadata) => {
        reportHeader(metadata, degraded);
        try {
          resolve(
            codec === undefined ? toBinary(method.output, response) : codec.encode(response).subarray(PREFIX_BYTES),
          );
        } catch (thrown) {
          reject(thrown);
        }
      },
      (failure, metadata) => {
        reportHeader(metadata);
        reject(shownError(failure));
      },
    );
    const gone = (): void => {
      answering.cancel();
      reject(call.signal?.reason ?? new Error("the test's BFF has been closed"));
    };
    this.#running.add(gone);
    call.signal?.addEventListener("abort", gone, { once: true });
    if (call.signal?.aborted) gone();
    return promise.finally(() => {
      this.#running.delete(gone);
      call.signal?.removeEventListener("abort", gone);
    });
  }

  #headers({ headers = {}, caller = this.#caller, address }: TestCall<Principal>): IncomingHeaders {
    const peer: Peer = address === undefined ? NOWHERE : { address, direct: address, names: [] };
    const values = new Headers(headers);
    const all = (name: string): readonly string[] => {
      const value = values.get(name);
      return value === null ? [] : [value];
    };
    const incoming = Object.assign(values, { all, peer });
    if (caller === undefined || caller === null) return incoming;
    if (this.#identity === undefined) throw new TypeError("this BFF has no identity, so it cannot have a caller");
    try {
      return this.#identity.authenticated(incoming, caller, peer);
    } catch (thrown) {
      const failure = asFailure(thrown);
      // The caller is the test's own: its author needs the name of the field that a server would hide.
      throw Object.assign(shownError(failure), { cause: new Error(failure.message) });
    }
  }
}

function headersOf(metadata: AnswerMetadata | undefined, degraded: string): Headers {
  const headers = new Headers();
  const pairs = [...(metadata?.headers ?? []), ...(metadata?.declared ?? []), ...(metadata?.trailers ?? [])];
  for (let i = 0; i + 1 < pairs.length; i += 2) headers.append(pairs[i] ?? "", pairs[i + 1] ?? "");
  if (degraded !== "") headers.set("bff-degraded", degraded);
  return headers;
}
