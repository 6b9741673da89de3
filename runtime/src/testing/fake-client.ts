import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, type Fault } from "../failure.ts";
import type { OutgoingHeaders, ReceivedHeaders } from "../transport/call-headers.ts";
import type { OpenStream, StreamReceiver } from "../transport/stream-client.ts";
import type { InFlight, Reply, UnaryClient } from "../transport/unary-client.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import { BatchGetRequestSchema, BatchGetResponseSchema, GetRequestSchema, ThingSchema } from "./gen/test_pb.ts";

/** An attempt that a test answers by hand. */
export class Sent implements InFlight {
  readonly path: string;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  readonly headers: OutgoingHeaders;
  readonly attempt: number;
  /** Address that it was sent to. */
  address: string | undefined;
  cancelled = false;
  ended = false;
  readonly #reply: Reply;

  constructor(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders,
    attempt: number,
    reply: Reply,
  ) {
    this.path = path;
    this.message = frame.subarray(PREFIX_BYTES);
    this.timeoutMs = timeoutMs;
    this.headers = headers;
    this.attempt = attempt;
    this.#reply = reply;
  }
  get id(): string {
    return fromBinary(GetRequestSchema, this.message).id;
  }
  get ids(): string[] {
    return fromBinary(BatchGetRequestSchema, this.message).ids;
  }
  /** True if metadata of the answer is requested. */
  get readsMetadata(): boolean {
    return this.#reply.metadata !== undefined;
  }
  /** Sends metadata just before the answer. */
  beside(headers: ReceivedHeaders, trailers: ReceivedHeaders = {}): this {
    this.#reply.metadata?.(headers, trailers);
    return this;
  }
  cancel(): void {
    this.cancelled = true;
    this.ended = true;
  }
  bytes(message: Uint8Array): void {
    this.#end();
    this.#reply.replied(message);
  }
  thing(thing: MessageInitShape<typeof ThingSchema> = {}): void {
    this.bytes(toBinary(ThingSchema, create(ThingSchema, { id: this.id, ...thing })));
  }
  things(response: MessageInitShape<typeof BatchGetResponseSchema>): void {
    this.bytes(toBinary(BatchGetResponseSchema, create(BatchGetResponseSchema, response)));
  }
  fault(code: Code, more: Partial<Fault> = {}): void {
    this.#end();
    this.#reply.faulted({ kind: "status", code, message: "secret words of the upstream", ...more });
  }
  #end(): void {
    if (this.ended) throw new Error("answered twice, or after its cancellation");
    this.ended = true;
  }
}

/** A server stream whose upstream is the test. */
export class SentStream implements OpenStream {
  readonly path: string;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  readonly headers: OutgoingHeaders;
  readonly ratings: (boolean | undefined)[] = [];
  readonly #receiver: StreamReceiver;
  /** Number of items that were requested and have not arrived. */
  demand = 0;
  cancelled = false;
  ended = false;
  unsent = false;

  constructor(path: string, frame: Uint8Array, timeoutMs: number, headers: OutgoingHeaders, receiver: StreamReceiver) {
    this.path = path;
    this.message = frame.subarray(PREFIX_BYTES);
    this.timeoutMs = timeoutMs;
    this.headers = headers;
    this.#receiver = receiver;
  }
  take(items: number): void {
    this.demand += items;
  }
  cancel(): void {
    this.cancelled = true;
    this.ended = true;
  }
  rate(good: boolean | undefined): void {
    this.ratings.push(good);
  }
  opened(): void {
    this.#receiver.opened?.({});
  }
  item(message: Uint8Array): void {
    if (this.demand-- === 0) throw new Error("an item that nobody has asked for");
    if (this.ended) throw new Error("an item after the end");
    this.#receiver.item(message);
  }
  end(): void {
    this.#end();
    this.#receiver.ended({});
  }
  fault(code: Code, more: Partial<Fault> = {}): void {
    this.#end();
    this.#receiver.faulted({ kind: "status", code, message: "secret words of the upstream", ...more });
  }
  #end(): void {
    if (this.ended) throw new Error("ended twice, or after its cancellation");
    this.ended = true;
  }
}

/** Keeps the calls that are sent; `answer`, if set, answers them a tick later. */
export class FakeClient implements UnaryClient {
  readonly sent: Sent[] = [];
  readonly streams: SentStream[] = [];
  answer: ((sent: Sent) => void) | undefined;

  constructor(answer?: (sent: Sent) => void) {
    this.answer = answer;
  }
  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
  ): InFlight {
    const sent = new Sent(path, frame, timeoutMs, headers ?? {}, attempt, reply);
    this.sent.push(sent);
    const { answer } = this;
    if (answer !== undefined)
      queueMicrotask(() => {
        if (!sent.ended) answer(sent);
      });
    return sent;
  }
  open(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    receiver: StreamReceiver,
  ): OpenStream {
    const stream = new SentStream(path, frame, timeoutMs, headers ?? {}, receiver);
    this.streams.push(stream);
    return stream;
  }
  get underWay(): Sent[] {
    return this.sent.filter(({ ended }) => !ended);
  }
  /** The latest with this id. */
  of(id: string): Sent {
    const found = this.sent.findLast((sent) => sent.id === id);
    if (found === undefined) throw new Error(`nothing sent for ${id}`);
    return found;
  }
}

/** Answers by id: `ok`, a code's name, or nothing at all (`hang`). */
export function byId(modes: Record<string, keyof typeof Code | "hang">): (sent: Sent) => void {
  return (sent) => {
    const mode = modes[sent.id] ?? "OK";
    if (mode === "hang") return;
    if (mode === "OK") sent.thing();
    else sent.fault(Code[mode]);
  };
}
