// The common part of captures of unary RPCs and of streams: message, headers, choice, and line of the file.
import { type Message, toBinary } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Endpoint, EndpointCodec } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { Failure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest, type Recheck } from "@protobff/runtime/internal/identity/authenticated-request";
import { type Incoming, type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import type { CapturedOutcome } from "./format.ts";
import { microseconds, Recording } from "./recording.ts";
import { maskOf } from "./secrets.ts";
import type { EndedRequest, Masks } from "./written-request.ts";

/** Decides which requests are captured, and keeps them. */
export interface Keeper {
  /** Decides about the next request: it is kept, its end decides, or it is not recorded. */
  begins(): "keep" | "watch" | "skip";
  /** Returns whether a request that was watched is kept. */
  keeps(outcome: "ok" | "failed", tookMs: number): boolean;
  write(request: EndedRequest): void;
  /** A unary request has exceeded its bound. */
  tooLarge(): void;
  readonly maxBytes: number;
}

/** Length in bytes from which a server may reuse the memory of a message that it has read. */
const REUSED_BYTES = 4 << 10;

/** Number of messages that may be read before the first of them begins: those of one part of a connection. */
const MAX_READ = 16;

/** Short messages that a codec has read and that have not begun, and the last that it has written, with their bytes. */
class Remembering implements EndpointCodec<Message, Message> {
  readonly #codec: EndpointCodec<Message, Message>;
  /** Rings. Messages begin in the order in which they were read. One that does not begin was refused. */
  readonly #read = new Array<Message | undefined>(MAX_READ).fill(undefined);
  readonly #readBytes = new Array<Uint8Array | undefined>(MAX_READ).fill(undefined);
  #next = 0;
  #first = 0;
  #written: Message | undefined;
  #writtenBytes: Uint8Array | undefined;

  constructor(codec: EndpointCodec<Message, Message>) {
    this.#codec = codec;
  }
  readonly decode = (bytes: Uint8Array): Message => {
    const message = this.#codec.decode(bytes);
    if (bytes.length >= REUSED_BYTES) return message;
    const at = this.#next++ % MAX_READ;
    this.#read[at] = message;
    this.#readBytes[at] = bytes;
    return message;
  };
  readonly encode = (message: Message): Buffer => {
    const bytes = this.#codec.encode(message);
    this.#written = message;
    this.#writtenBytes = bytes;
    return bytes;
  };
  /**
   * A message begins. Returns the bytes that it was read from; undefined: it is long, or was read from another form.
   */
  bytesOf(message: Message): Uint8Array | undefined {
    for (let i = Math.max(this.#first, this.#next - MAX_READ); i < this.#next; i++) {
      const at = i % MAX_READ;
      if (this.#read[at] !== message) continue;
      const bytes = this.#readBytes[at];
      this.#first = i + 1;
      this.#read[at] = undefined;
      this.#readBytes[at] = undefined;
      return bytes;
    }
    return undefined;
  }
  encoded(message: Message): Uint8Array {
    const bytes = this.#written === message ? this.#writtenBytes : undefined;
    return (bytes ?? this.#codec.encode(message)).subarray(PREFIX_BYTES);
  }
}

type AnyMethod = (Endpoint | StreamEndpoint)["method"];

const byReflection = ({ input, output }: AnyMethod): EndpointCodec<Message, Message> => ({
  decode: (bytes) => readMessage(input, bytes),
  encode: (message) => Buffer.concat([Buffer.alloc(PREFIX_BYTES), toBinary(output, message)]),
});

/** Properties that all captured requests of one RPC share. */
export interface CapturedRpc<E extends Endpoint | StreamEndpoint> {
  readonly inner: E;
  readonly codec: Remembering;
  readonly keeper: Keeper;
  /** Masks of the upstreams' answers. */
  readonly masks: Masks;
  readonly input: ReturnType<typeof maskOf>;
  readonly output: ReturnType<typeof maskOf>;
}

/** @param inner the endpoint on the recording clock */
export function capturedRpc<E extends Endpoint | StreamEndpoint>(
  inner: E,
  keeper: Keeper,
  masks: Masks,
): CapturedRpc<E> {
  const codec = new Remembering(inner.codec ?? byReflection(inner.method));
  return { inner, codec, keeper, masks, input: maskOf(inner.method.input), output: maskOf(inner.method.output) };
}

/** A request before it runs. */
export interface ArrivedRequest {
  readonly args: Message;
  readonly headers: IncomingHeaders;
  readonly clientMs: number | undefined;
  /** True if it is written whatever its end is. */
  readonly isKept: boolean;
}

/** A request that runs and is recorded. */
export abstract class RecordedRequest<E extends Endpoint | StreamEndpoint> {
  protected readonly rpc: CapturedRpc<E>;
  protected readonly of: Recording;
  protected readonly clientMs: number | undefined;
  readonly #message: Uint8Array;
  readonly #headers: IncomingHeaders;
  readonly #isKept: boolean;
  readonly #at = systemClock.date().getTime();
  #isOver = false;
  #endedAt = 0;

  /** @param cut ends a recording that has exceeded a bound; undefined: it is dropped */
  constructor(rpc: CapturedRpc<E>, { args, headers, clientMs, isKept }: ArrivedRequest, cut?: () => void) {
    this.rpc = rpc;
    this.clientMs = clientMs;
    this.#headers = headers;
    this.#isKept = isKept;
    this.#message = rpc.codec.bytesOf(args) ?? toBinary(rpc.inner.method.input, args);
    this.of = new Recording(rpc.keeper.maxBytes, cut);
  }
  protected start(run: (headers: IncomingHeaders) => void): void {
    this.of.begin(() => {
      this.of.spend(this.#message.length * 2);
      run(this.#recordedHeaders());
    });
  }
  /** Returns headers that record each value that is read. */
  #recordedHeaders(): IncomingHeaders {
    const headers = this.#headers;
    const recorded = new RecordedHeaders(headers, this.of);
    if (!(headers instanceof AuthenticatedRequest)) return recorded;
    // The runtime identifies authenticated requests by their class.
    const real = headers.get.bind(headers);
    headers.get = (name) => recorded.keep(name, real(name));
    const { recheck } = headers;
    if (recheck !== undefined) headers.recheck = () => markedRefusal(recheck(), this.of);
    return headers;
  }
  /**
   * Ends the recording. Returns true if it has to be written.
   *
   * @param slowAt end of the time that makes a request slow, in microseconds; default: now
   */
  protected ends(isOk: boolean, slowAt?: number): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#endedAt = microseconds();
    this.of.affects(["answer"]);
    this.of.end();
    const { keeper } = this.rpc;
    if (!this.of.isTooLarge) {
      const tookMs = ((slowAt ?? this.#endedAt) - this.of.startedAt) / 1_000;
      const isKept = this.#isKept || keeper.keeps(isOk ? "ok" : "failed", tookMs);
      if (!isKept) this.of.forget();
      return isKept;
    }
    keeper.tooLarge();
    return false;
  }
  protected write(outcome: CapturedOutcome<Uint8Array>, resume?: string): void {
    const { inner, keeper, masks, input, output } = this.rpc;
    const { parent, name } = inner.method;
    keeper.write({
      of: this.of,
      method: `${parent.typeName}/${name}`,
      at: this.#at,
      message: input?.(this.#message) ?? this.#message,
      clientMs: this.clientMs,
      resume,
      incoming: this.#headers,
      endedAt: this.#endedAt,
      outcome,
      masks,
      isMasked: input !== undefined || output !== undefined,
      output,
    });
    this.of.forget();
  }
}

/** Marks the capture of a stream whose caller is denied while it is open. */
function markedRefusal(refusal: ReturnType<Recheck>, of: Recording): ReturnType<Recheck> {
  if (refusal instanceof Promise) return refusal.then((found) => markedRefusal(found, of));
  if (refusal !== undefined) of.incomparable = "its caller was denied while the stream was open";
  return refusal;
}

/** Returns a failure as the client receives it. */
export const shown = ({ clientCode, clientMessage }: Failure): CapturedOutcome["failure"] => ({
  code: clientCode,
  message: clientMessage,
});

/** Headers of a request without an identity. */
class RecordedHeaders implements Incoming {
  readonly #headers: IncomingHeaders;
  readonly #of: Recording;

  constructor(headers: IncomingHeaders, of: Recording) {
    this.#headers = headers;
    this.#of = of;
  }
  get(name: string): string | null {
    return this.keep(name, this.#headers.get(name));
  }
  all(name: string): readonly string[] {
    return incomingOf(this.#headers).all(name);
  }
  get peer(): Incoming["peer"] {
    return incomingOf(this.#headers).peer;
  }
  keep(name: string, value: string | null): string | null {
    this.#of.keepsHeader(name, value);
    return value;
  }
}
