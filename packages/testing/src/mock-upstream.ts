import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { type Clock, systemClock, type Timer } from "@protobff/runtime/internal/clock";
import { Code, type Fault } from "@protobff/runtime/internal/failure";
import { completed, sample, sampleItems } from "@protobff/runtime/internal/samples";
import type { OutgoingHeaders, ReceivedHeaders } from "@protobff/runtime/internal/transport/call-headers";
import type { OpenStream, StreamClient, StreamReceiver } from "@protobff/runtime/internal/transport/stream-client";
import type { InFlight, Reply, UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { ANSWERING, type Behaviour, checkedBehaviour, GARBAGE } from "./behaviour.ts";
import type { MockCall, MockHandler, MockItems } from "./mock-rpc.ts";
import { MockStream } from "./mock-stream.ts";

/** Options of a mocked upstream: its clock, its default answers, and the receiver of errors of handlers. */
export interface MockUpstreamOptions {
  /** Default: that of the process. */
  readonly clock?: Clock | undefined;
  /** Default answers, in place of samples. */
  readonly defaults?: Readonly<Record<string, MockHandler>> | undefined;
  /** Gets what handlers throw that is no `ConnectError`. The call has failed then, with UNKNOWN. */
  readonly thrown?: ((error: Error) => void) | undefined;
}

/** Calls that are kept. */
const KEPT = 1_000;

/**
 * An upstream in this process: it decodes requests, answers by handlers or with samples, and behaves as configured. It
 * opens no socket, and uses the time of its clock.
 *
 * @example
 * const user = new MockUpstream(UserService, { batchGetUsers: { users: [{ id: "u-1" }] } });
 * user.behaviour = { kind: "hang" };
 */
export class MockUpstream implements UnaryClient, StreamClient {
  /** Its full name. */
  readonly service: string;
  /**
   * Behaviour of all its methods, unless a method has another. May be changed at any time; calls in progress keep the
   * behaviour at their start.
   */
  get behaviour(): Behaviour {
    return this.#behaviour;
  }
  /** @throws TypeError for a kind that does not exist */
  set behaviour(behaviour: Behaviour) {
    this.#behaviour = checkedBehaviour(behaviour);
  }
  #behaviour = ANSWERING;
  readonly #handlers: ReadonlyMap<string, MockHandler>;
  readonly #defaults: Readonly<Record<string, MockHandler>>;
  readonly #clock: Clock;
  readonly #thrown: (error: Error) => void;
  readonly #behaviours = new Map<string, Behaviour | ((call: MockCall) => Behaviour)>();
  readonly #methods: ReadonlyMap<string, Mockable>;
  readonly #samples = new Map<string, Answer>();
  #calls: MockCall[] = [];

  /**
   * @param handlers by method names in TypeScript, `getSummary`; a method without a handler has its default answer
   * @throws TypeError for a handler of a method that the service does not have, or that receives a stream
   */
  constructor(
    service: DescService,
    handlers: Readonly<Record<string, MockHandler | undefined>> = {},
    { clock = systemClock, defaults = {}, thrown = thrownAway }: MockUpstreamOptions = {},
  ) {
    this.service = service.typeName;
    this.#clock = clock;
    this.#thrown = thrown;
    this.#defaults = defaults;
    const methods = service.methods.filter(
      (method): method is Mockable => method.methodKind === "unary" || method.methodKind === "server_streaming",
    );
    this.#methods = new Map(methods.map((method) => [`${service.typeName}/${method.name}`, method]));
    const byMethod = new Map<string, MockHandler>();
    for (const [name, handler] of Object.entries(handlers)) {
      if (!methods.some(({ localName }) => localName === name)) {
        const names = methods.map(({ localName }) => localName).join(", ");
        throw new TypeError(`${service.typeName} has no method ${name} that takes one message; it has ${names}`);
      }
      if (handler !== undefined) byMethod.set(name, handler);
    }
    this.#handlers = byMethod;
  }

  /** The last 1,000 calls received, oldest first, whatever their outcome. */
  get calls(): readonly MockCall[] {
    return this.#calls;
  }
  /** Returns the calls of one method, such as `getSummary`. */
  callsOf(localName: string): readonly MockCall[] {
    return this.#calls.filter(({ method }) => this.#methods.get(method)?.localName === localName);
  }
  /** Clears the recorded calls. */
  forget(): void {
    this.#calls = [];
  }
  /**
   * @param method `package.Service/Method`
   * @param behaviour a function is called for each call; undefined: the behaviour of all methods
   * @throws TypeError for a method that the service does not have, or a kind that does not exist
   */
  setBehaviour(method: string, behaviour: Behaviour | ((call: MockCall) => Behaviour) | undefined): void {
    if (!this.#methods.has(method)) {
      throw new TypeError(`there is no method ${method}; write one of ${[...this.#methods.keys()].join(", ")}`);
    }
    if (behaviour === undefined) this.#behaviours.delete(method);
    else if (typeof behaviour === "object") this.#behaviours.set(method, checkedBehaviour(behaviour));
    else this.#behaviours.set(method, behaviour);
  }
  #behaviourFor(call: MockCall): Behaviour {
    const behaviour = this.#behaviours.get(call.method) ?? this.behaviour;
    return typeof behaviour === "function" ? checkedBehaviour(behaviour(call)) : behaviour;
  }

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
  ): InFlight {
    const name = path.slice(1);
    const method = this.#methods.get(name);
    const sent = new MockAttempt(reply, this.#clock);
    if (method?.methodKind !== "unary") {
      sent.soon(() => sent.fault(noMethod(name)));
      return sent;
    }
    const call = this.#came(method, frame, timeoutMs, headers, attempt);
    const behaviour = this.#behaviourFor(call);
    const afterMs = "afterMs" in behaviour ? (behaviour.afterMs ?? 0) : 0;
    if (behaviour.kind !== "hang") sent.after(afterMs, () => this.#behave(behaviour, method, call, sent));
    return sent;
  }
  open(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    receiver: StreamReceiver,
  ): OpenStream {
    const name = path.slice(1);
    const method = this.#methods.get(name);
    if (method?.methodKind !== "server_streaming") return MockStream.failing(noMethod(name), receiver, this.#clock);
    const call = this.#came(method, frame, timeoutMs, headers, 1);
    const encode = (item: object): Uint8Array => {
      const message = this.#message(method.output, item);
      call.answer.message = message;
      call.answer.items = (call.answer.items ?? 0) + 1;
      return toBinary(method.output, message);
    };
    const items = async (): Promise<MockItems<object>> => this.#items(method, call);
    const fault = (thrown: unknown): Fault => this.#faultOf(thrown, call);
    return new MockStream({
      behaviour: this.#behaviourFor(call),
      items,
      encode,
      fault,
      call,
      receiver,
      clock: this.#clock,
    });
  }
  async #items(method: DescMethodServerStreaming, call: MockCall): Promise<MockItems<object>> {
    const handler = this.#handlers.get(method.localName);
    const samples = sampleItems(method.output);
    if (handler === undefined) return samples;
    const answer = isFunction(handler) ? await handler(call.request as never, samples[0] as never, call) : handler;
    if (Symbol.iterator in answer || Symbol.asyncIterator in answer) return answer as MockItems<object>;
    throw new TypeError("a server-streaming rpc is given by a list of items, or by a function that gives items");
  }

  #came(
    method: Mockable,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
  ): MockCall {
    const call: MockCall = {
      method: `${this.service}/${method.name}`,
      // The bytes are the caller's again once this has returned.
      request: fromBinary(method.input, frame.slice(PREFIX_BYTES)),
      headers: headers ?? {},
      timeoutMs,
      attempt,
      at: this.#clock.now(),
      answer: { headers: {}, trailers: {} },
    };
    this.#keep(call);
    return call;
  }
  #keep(call: MockCall): void {
    this.#calls.push(call);
    if (this.#calls.length > KEPT) this.#calls.shift();
  }
  #behave(behaviour: Behaviour, method: DescMethodUnary, call: MockCall, sent: MockAttempt): void {
    switch (behaviour.kind) {
      case "answer":
        void this.#answer(method, call, sent);
        break;
      case "status": {
        const { code, message = "" } = behaviour;
        sent.fault({ kind: "status", code, message, upstreamText: message });
        break;
      }
      case "refused":
        sent.fault({ kind: "transport", code: Code.UNAVAILABLE, message: "connect ECONNREFUSED (a mock)" });
        break;
      case "garbage":
        sent.reply(GARBAGE, call);
        break;
      case "oversize":
        sent.fault({ kind: "invalid", code: Code.INTERNAL, message: "a reply that is too large (a mock)" });
        break;
      case "broken":
        sent.fault({ kind: "transport", code: Code.UNAVAILABLE, message: "the connection is lost (a mock)" });
        break;
      case "hang":
        break;
    }
  }
  async #answer(method: DescMethodUnary, call: MockCall, sent: MockAttempt): Promise<void> {
    let bytes: Uint8Array;
    try {
      const answer = await this.#answerOf(method, call);
      bytes = answer.bytes ?? toBinary(method.output, answer.message);
      call.answer.message = answer.message;
    } catch (thrown) {
      const mistake = !(thrown instanceof ConnectError);
      sent.fault(this.#faultOf(thrown, call), mistake ? undefined : call);
      return;
    }
    sent.reply(bytes, call);
  }
  #message(desc: DescMessage, answer: object): Message {
    return completed(desc, create(desc, withoutTypes(answer) as Readonly<Record<string, unknown>>));
  }
  /** Returns the fault for an error of a handler: a status, or a mistake in the test. */
  #faultOf(thrown: unknown, call: MockCall): Fault {
    if (thrown instanceof ConnectError) return faultOf(thrown);
    const error = new Error(`the mock of ${call.method} has thrown: ${thrown}`, { cause: thrown });
    this.#thrown(error);
    return { kind: "status", code: Code.UNKNOWN, message: error.message };
  }
  async #answerOf(method: DescMethodUnary, call: MockCall): Promise<Answer> {
    const { localName, output } = method;
    // A method may be called as what every object has.
    const byDefault = Object.hasOwn(this.#defaults, localName) ? this.#defaults[localName] : undefined;
    const handler = this.#handlers.get(localName) ?? byDefault;
    if (handler === undefined) return this.#sampled(method);
    if (!isFunction(handler)) return { message: this.#message(output, handler) };
    const usual = handler === byDefault || byDefault === undefined ? undefined : await called(byDefault, call);
    return {
      message: this.#message(output, await handler(call.request as never, (usual ?? sample(output)) as never, call)),
    };
  }
  /** Returns the sample of a method, which is encoded once. */
  #sampled({ localName, output }: DescMethodUnary): Answer {
    let answer = this.#samples.get(localName);
    if (answer === undefined) {
      const message = completed(output, sample(output));
      answer = { message, bytes: toBinary(output, message) };
      this.#samples.set(localName, answer);
    }
    return answer;
  }
}

/** Answer of a mock; undefined `bytes`: not encoded yet. */
interface Answer {
  readonly message: Message;
  readonly bytes?: Uint8Array;
}

/** Methods that a mock can answer. */
type Mockable = DescMethodUnary | DescMethodServerStreaming;
const noMethod = (name: string): Fault => ({
  kind: "status",
  code: Code.UNIMPLEMENTED,
  message: `there is no ${name}`,
});

/**
 * Returns the value without type names. With one, an object spread from a sample would count as a complete message,
 * whatever its fields.
 */
function withoutTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTypes);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "$typeName");
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutTypes(inner)]));
}

async function called(handler: MockHandler, call: MockCall): Promise<object> {
  return isFunction(handler) ? handler(call.request as never, {} as never, call) : handler;
}
function isFunction(handler: MockHandler): handler is Extract<MockHandler, (...args: never) => unknown> {
  return typeof handler === "function";
}
function thrownAway(error: Error): void {
  console.error(error);
}

/** Returns the fault as it arrives over the wire. */
function faultOf(error: ConnectError): Fault {
  const { code, rawMessage, metadata } = error;
  const status = code as number as Code; // their numbers are gRPC's
  const details = setTrailerStatus(new Headers(), error).get("grpc-status-details-bin");
  const pushback = metadata.get("grpc-retry-pushback-ms");
  return {
    kind: "status",
    code: status,
    message: rawMessage,
    upstreamText: rawMessage,
    ...(details !== null && { details: Buffer.from(details, "base64") }),
    ...(pushback !== null && { pushbackMs: Number(pushback) }),
  };
}

/** One attempt that a mock has received. */
class MockAttempt implements InFlight {
  readonly #reply: Reply;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #ended = false;

  constructor(reply: Reply, clock: Clock) {
    this.#reply = reply;
    this.#clock = clock;
  }
  cancel(): void {
    this.#ended = true;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }
  /** Never before `send` has returned. */
  soon(run: () => void): void {
    queueMicrotask(() => {
      if (!this.#ended) run();
    });
  }
  after(ms: number, run: () => void): void {
    if (ms > 0) this.#timer = this.#clock.setTimeout(run, ms, undefined);
    else this.soon(run);
  }
  reply(message: Uint8Array, { answer }: MockCall): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reply.metadata?.(answer.headers, answer.trailers);
    this.#reply.replied(message);
  }
  fault(fault: Fault, call?: MockCall): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reply.metadata?.(call?.answer.headers ?? NONE, call?.answer.trailers ?? NONE);
    this.#reply.faulted(fault);
  }
}
const NONE: ReceivedHeaders = {};
