import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, type Fault } from "../failure.ts";
import type { InFlight, OutgoingHeaders, ReceivedHeaders, Reply, UnaryClient } from "../transport/unary-client.ts";
import { PREFIX_BYTES } from "../wire/frame.ts";
import { BatchGetRequestSchema, BatchGetResponseSchema, GetRequestSchema, ThingSchema } from "./gen/test_pb.ts";

/** An attempt that a test answers by hand. */
export class Sent implements InFlight {
  readonly path: string;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  readonly headers: OutgoingHeaders;
  readonly attempt: number;
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
  /** Whether somebody wants to know what comes beside the answer. */
  get heard(): boolean {
    return this.#reply.metadata !== undefined;
  }
  /** What comes beside the answer, just before it. */
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

/** Keeps what is sent; `answer`, when there is one, answers it a tick later. */
export class FakeClient implements UnaryClient {
  readonly sent: Sent[] = [];
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
  get open(): Sent[] {
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
