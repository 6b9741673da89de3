import type { Fault } from "@protobff/runtime/internal/failure";
import type { OutgoingHeaders, ReceivedHeaders } from "@protobff/runtime/internal/transport/call-headers";
import type { CallTap, InFlight, Reply, UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { isSecretHeader } from "../explorer/masks.ts";
import { capturedFault, capturedOpen } from "./captured-upstream-stream.ts";
import { remembering } from "./encoded-items.ts";
import type { CapturedMetadata } from "./format.ts";
import { type Decider, tapOf } from "./guards.ts";
import { outside, type Recording, recording, recordingClock } from "./recording.ts";

/** Records the decisions of guards. */
const RECORDER: Decider = {
  allows(guard, real) {
    const of = recording();
    return of === undefined ? real() : of.decides(guard, allowed, real) === "go";
  },
  enters(guard, waiter, real) {
    const of = recording();
    if (of === undefined) return real(waiter);
    const entry = of.decides(guard, real, waiter);
    if (entry === "wait") {
      const index = of.next.waiter++;
      const arrives = (kind: "place" | "shed", run: () => void) => () => {
        Reflect.deleteProperty(waiter, "admitted");
        Reflect.deleteProperty(waiter, "shed");
        of.arrives([kind, 0, 0, 0, index], run, undefined);
      };
      const shed = arrives("shed", () => waiter.shed());
      Object.assign(waiter, { admitted: arrives("place", () => waiter.admitted()), shed });
    }
    return entry;
  },
};

const allowed = (real: () => boolean): "go" | "no" => (real() ? "go" : "no");

/** A client of an upstream whose attempts are recorded. */
export class CapturedClient implements UnaryClient {
  readonly tap: CallTap;
  readonly shards: ReadonlyMap<string, UnaryClient> | undefined;
  readonly open?: NonNullable<UnaryClient["open"]>;
  readonly addresses?: NonNullable<UnaryClient["addresses"]>;
  readonly onEjection?: NonNullable<UnaryClient["onEjection"]>;
  readonly #name: string;
  readonly #inner: UnaryClient;

  constructor(name: string, inner: UnaryClient) {
    this.#name = name;
    this.#inner = inner;
    const apart = (run: () => void): void => outside(run, undefined);
    this.tap = { ...tapOf(name, recordingClock, RECORDER), decoder: remembering, apart };
    const { shards } = inner;
    const shardOf = ([shard, client]: [string, UnaryClient]) =>
      [shard, new CapturedClient(`${name}.${shard}`, client)] as const;
    this.shards = shards && new Map([...shards].map(shardOf));
    if (inner.open !== undefined) this.open = capturedOpen(name, inner.open.bind(inner));
    if (inner.addresses !== undefined) this.addresses = inner.addresses.bind(inner);
    if (inner.onEjection !== undefined) this.onEjection = inner.onEjection.bind(inner);
  }

  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    attempt: number,
    reply: Reply,
    after?: InFlight,
  ): InFlight {
    const of = recording();
    const before = after instanceof CapturedAttempt ? after.inFlight : after;
    if (of === undefined) return this.#inner.send(path, frame, timeoutMs, headers, attempt, reply, before);
    of.affects(["send", this.#name, path, frame, attempt]);
    const sent = new CapturedAttempt(of, reply, frame.length - PREFIX_BYTES);
    outside((sent) => {
      sent.inFlight = this.#inner.send(path, frame, timeoutMs, headers, attempt, sent, before);
    }, sent);
    return sent;
  }
}

/** An attempt under way, whose end is recorded. */
class CapturedAttempt implements Reply, InFlight {
  inFlight: InFlight | undefined;
  /** Receives metadata if the call does. */
  readonly metadata?: NonNullable<Reply["metadata"]>;
  readonly #of: Recording;
  readonly #index: number;
  readonly #reply: Reply;
  readonly #messageBytes: number;
  #metadata: CapturedMetadata | undefined;
  #isCancelled = false;

  constructor(of: Recording, reply: Reply, messageBytes: number) {
    this.#of = of;
    this.#index = of.next.attempt++;
    this.#reply = reply;
    this.#messageBytes = messageBytes;
    if (reply.metadata !== undefined)
      this.metadata = (headers, trailers) => {
        this.#metadata = [withoutSecrets(headers), withoutSecrets(trailers)];
        reply.metadata?.(headers, trailers);
      };
  }
  get unsent(): boolean {
    return this.inFlight?.unsent === true;
  }
  get address(): string | undefined {
    return this.inFlight?.address;
  }
  get sentBytes(): number {
    return this.inFlight?.sentBytes ?? this.#messageBytes;
  }
  cancel(): void {
    this.#of.affects(["cancel", this.#index]);
    this.#isCancelled = true;
    this.inFlight?.cancel();
  }
  rate(good: boolean | undefined, slowness?: number): void {
    this.inFlight?.rate?.(good, slowness);
  }
  replied(message: Uint8Array, receivedBytes = message.length): void {
    const of = this.#of;
    if (of.done) {
      this.#reply.replied(message, receivedBytes);
      return;
    }
    of.spend(message.length);
    const event: Parameters<typeof of.arrives>[0] = ["reply", 0, 0, 0, this.#index, message, receivedBytes];
    if (this.#metadata !== undefined) event.push(this.#metadata);
    of.arrives(event, (reply) => reply.replied(message, receivedBytes), this.#reply);
  }
  /** Records a fault in the next turn. One without a connection comes between continuations, where no replay has it. */
  faulted(fault: Fault): void {
    if (this.#of.done) this.#reply.faulted(fault);
    else outside(() => setImmediate(deliver, this, fault), undefined);
  }
  deliver(fault: Fault): void {
    if (this.#isCancelled) return;
    const captured = capturedFault(fault);
    const { message, details } = fault;
    this.#of.spend(message.length + (details?.length ?? 0) * 2);
    const received = this.#metadata === undefined ? [] : [this.#metadata];
    const event: Parameters<Recording["arrives"]>[0] = ["fault", 0, 0, 0, this.#index, captured, ...received];
    this.#of.arrives(event, (reply) => reply.faulted(fault), this.#reply);
  }
}
const deliver = (attempt: CapturedAttempt, fault: Fault): void => attempt.deliver(fault);

function withoutSecrets(headers: ReceivedHeaders): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isSecretHeader(name)));
}
