import type { DescMethodServerStreaming, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { type AnswerMetadata, answerHeaders } from "../admission/answer-metadata.ts";
import { AUTHENTICATED, INCOMING } from "../endpoint/authentication-handler.ts";
import { connectError } from "../endpoint/connect-error.ts";
import { JSON_ANSWER } from "../endpoint/connect-json.ts";
import { REACHED } from "../endpoint/context-keys.ts";
import type { LeftOut } from "../endpoint/leave-out.ts";
import { type Failure, OVER } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import { type FollowerPlaces, PLACES } from "./follower-places.ts";
import type { Follower, Following, StreamEndpoint } from "./stream-endpoint.ts";

/**
 * Returns a stream endpoint's `route`, made from its `follow`. It serves requests that our server passes to Connect's
 * adapter, and other servers.
 */
export function streamRouteOf(
  method: DescMethodServerStreaming,
  follow: StreamEndpoint["follow"],
): StreamEndpoint["route"] {
  const handler = (args: Message, context: HandlerContext): AsyncIterable<Message> => ({
    [Symbol.asyncIterator]() {
      const handed = new Handed(context);
      const refusal = context.values.get(PLACES)?.enter(handed, headersOf(context));
      if (refusal !== undefined) throw refusal;
      context.values.set(REACHED, true);
      handed.begin(args, follow);
      return handed;
    },
  });
  // The shapes are those of `method`, but Connect's generic signature cannot express it.
  return (router) => void router.rpc(method, handler as never);
}

const headersOf = ({ values, requestHeader }: HandlerContext): IncomingHeaders =>
  values.get(AUTHENTICATED) ?? values.get(INCOMING) ?? requestHeader;

const NONE: readonly never[] = [];

/** Promise for the next message. */
type Waiting = PromiseWithResolvers<IteratorResult<Message>>;
type Step = { readonly message: Message } | { readonly error: ConnectError } | "end";

/**
 * One follower's messages, delivered on request. It is no generator, because a generator that waits cannot be ended.
 */
class Handed implements AsyncIterator<Message>, Follower {
  readonly #context: HandlerContext;
  readonly #places: FollowerPlaces | undefined;
  readonly #steps: Step[] = [];
  readonly #gone = (): void => {
    this.#over();
    this.#following?.cancel();
    this.#push({ error: ConnectError.from(this.#context.signal.reason ?? OVER.clientMessage, Code.Canceled) });
  };
  #following: Following | undefined;
  #waiting: Waiting | undefined;
  /** Declared headers that have not left yet: names and values in turn. */
  #declared: readonly string[] = NONE;

  constructor(context: HandlerContext) {
    this.#context = context;
    this.#places = context.values.get(PLACES);
  }
  begin(args: Message, follow: StreamEndpoint["follow"]): void {
    const context = this.#context;
    const { requestHeader, signal } = context;
    const resume = requestHeader.get("bff-resume") ?? undefined;
    this.#following = follow(args, headersOf(context), context.timeoutMs(), resume, this);
    if (signal.aborted) this.#gone();
    else signal.addEventListener("abort", this.#gone, { once: true });
    if (this.#places?.draining) this.drain();
  }
  drain(): void {
    this.#following?.drain();
  }

  next(): Promise<IteratorResult<Message>> {
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting = waiting;
    this.#settle();
    if (this.#waiting !== undefined) this.#following?.ready();
    return waiting.promise;
  }
  return(): Promise<IteratorResult<Message>> {
    this.#over();
    this.#following?.cancel();
    const done = { done: true, value: undefined } as const;
    this.#waiting?.resolve(done);
    this.#waiting = undefined;
    return Promise.resolve(done);
  }

  opened(metadata: AnswerMetadata | undefined): void {
    append(metadata && answerHeaders(metadata), this.#context.responseHeader);
    this.#declared = metadata?.declared ?? NONE;
  }
  item(message: Message, _token: string | undefined, leftOut?: LeftOut): boolean {
    const answer = this.#context.values.get(JSON_ANSWER);
    this.#push({ message: answer?.sendable(message, leftOut) ?? message });
    return this.#waiting !== undefined;
  }
  beat(message: Message): void {
    // A follower that does not read needs no heartbeat.
    if (this.#waiting !== undefined) this.#push({ message });
  }
  ended(metadata: AnswerMetadata | undefined): void {
    this.#places?.leave(this);
    append(metadata?.trailers, this.#context.responseTrailer);
    this.#push("end");
  }
  failed(failure: Failure, token: string | undefined, metadata: AnswerMetadata | undefined): void {
    this.#places?.leave(this);
    append(metadata?.trailers, this.#context.responseTrailer);
    if (token !== undefined) this.#context.responseTrailer.set("bff-resume", token);
    this.#push({ error: connectError(failure) });
  }

  #push(step: Step): void {
    // The first step sends the headers, and a failure has none of the headers of an answer.
    if (typeof step === "object" && "error" in step)
      for (let i = 0; i < this.#declared.length; i += 2) this.#context.responseHeader.delete(this.#declared[i] ?? "");
    this.#declared = NONE;
    this.#steps.push(step);
    this.#settle();
  }
  #settle(): void {
    const waiting = this.#waiting;
    const step = waiting === undefined ? undefined : this.#steps.shift();
    if (waiting === undefined || step === undefined) return;
    this.#waiting = undefined;
    if (step === "end" || "error" in step) this.#over();
    if (step === "end") waiting.resolve({ done: true, value: undefined });
    else if ("error" in step) waiting.reject(step.error);
    else waiting.resolve({ done: false, value: step.message });
  }
  #over(): void {
    this.#context.signal.removeEventListener("abort", this.#gone);
    this.#places?.leave(this);
  }
}

function append(pairs: readonly string[] | undefined, to: Headers): void {
  if (pairs === undefined) return;
  for (let i = 0; i + 1 < pairs.length; i += 2) to.append(pairs[i] ?? "", pairs[i + 1] ?? "");
}
