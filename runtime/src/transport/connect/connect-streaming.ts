import { create, type DescMessage, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError, type StreamRequest, type StreamResponse } from "@connectrpc/connect";
import type { Fault } from "../../failure.ts";
import { frame } from "../../wire/frame.ts";
import { readMessage } from "../../wire/reader.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import type { OpenStream, StreamReceiver } from "../stream-client.ts";
import type { UnaryClient } from "../unary-client.ts";
import { connectError, sendable, toHeaders } from "./connect-metadata.ts";

/**
 * Opens the server stream of a request. Resolves when the upstream has accepted it, or has ended it.
 *
 * @param timeoutMs the deadline that the upstream receives; Infinity for none
 * @throws ConnectError for a stream that is refused at once
 */
export async function openedStream<I extends DescMessage, O extends DescMessage>(
  client: UnaryClient,
  request: StreamRequest<I, O>,
  timeoutMs: number,
): Promise<StreamResponse<I, O>> {
  const { method, service, header, signal } = request;
  const bytes = frame(toBinary(method.input, create(method.input, await only(request.message))));
  const received = new Received(signal, performance.now() + timeoutMs);
  if (client.open === undefined)
    throw new ConnectError(`${method.name} streams, which its upstream cannot`, ConnectCode.Unimplemented);
  signal.throwIfAborted();
  received.begin(
    client.open(`/${method.parent.typeName}/${method.name}`, bytes, timeoutMs, sendable(header), received),
  );
  await received.accepted;
  const items = (): AsyncIterator<MessageShape<O>> => ({
    next: async () => {
      const item = await received.next();
      if (item === undefined) return { done: true, value: undefined };
      try {
        return { done: false, value: readMessage(method.output, item) };
      } catch (error) {
        received.cancel();
        throw new ConnectError(String(error), ConnectCode.Internal, undefined, undefined, error);
      }
    },
  });
  const message = { [Symbol.asyncIterator]: items };
  return { stream: true, service, method, header: received.header, trailer: received.trailer, message };
}

/** Returns the one message that a client sends. */
async function only<T extends DescMessage>(messages: AsyncIterable<MessageInitShape<T>>): Promise<MessageInitShape<T>> {
  for await (const message of messages) return message;
  throw new ConnectError("no request", ConnectCode.Internal);
}

/** Received items of a stream, for a consumer that requests them one by one. */
class Received implements StreamReceiver {
  header = new Headers();
  readonly trailer = new Headers();
  readonly accepted: Promise<void>;
  readonly #accept: () => void;
  readonly #refuse: (error: unknown) => void;
  readonly #signal: AbortSignal;
  readonly #until: number;
  readonly #onAbort = (): void => this.#end(this.#signal.reason);
  #stream: OpenStream | undefined;
  #waiting: PromiseWithResolvers<Uint8Array | undefined> | undefined;
  #over = false;
  #error: unknown;

  /** @param until deadline of the call, by performance.now() */
  constructor(signal: AbortSignal, until: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.accepted = promise;
    this.#accept = resolve;
    this.#refuse = reject;
    this.#signal = signal;
    this.#until = until;
  }
  begin(stream: OpenStream): void {
    this.#stream = stream;
    this.#signal.addEventListener("abort", this.#onAbort);
  }
  next(): Promise<Uint8Array | undefined> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#over) return Promise.resolve(undefined);
    this.#waiting = Promise.withResolvers();
    this.#stream?.take(1);
    return this.#waiting.promise;
  }
  cancel(): void {
    this.#end(undefined);
  }
  opened(headers: ReceivedHeaders): void {
    this.header = toHeaders(headers);
    this.#accept();
  }
  item(message: Uint8Array): void {
    this.#waiting?.resolve(message);
  }
  ended(trailers: ReceivedHeaders): void {
    for (const [name, value] of toHeaders(trailers)) this.trailer.append(name, value);
    this.#over = true;
    this.#end(undefined);
  }
  faulted(fault: Fault, trailers: ReceivedHeaders = {}): void {
    this.#over = true;
    for (const [name, value] of toHeaders(trailers)) this.trailer.append(name, value);
    this.#end(connectError(fault, this.#until - performance.now(), this.header, this.trailer));
  }
  #end(error: unknown): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    if (!this.#over) this.#stream?.cancel();
    this.#over = true;
    this.#error ??= error;
    if (error === undefined) {
      this.#accept();
      this.#waiting?.resolve(undefined);
    } else {
      this.#refuse(error);
      this.#waiting?.reject(error);
    }
  }
}
