import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import type { Answering, Endpoint, EndpointCodec } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { Failure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type Incoming, type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { base64 } from "./captured-client.ts";
import type { CapturedOutcome, CapturedRequest } from "./format.ts";
import { microseconds, Recording, recordingClock } from "./recording.ts";
import { maskOf } from "./secrets.ts";
import { callerIn, type Masks, writtenValues } from "./written-request.ts";

/** Decides which requests are captured, and keeps them. */
export interface Keeper {
  /** Decides about the next request: it is kept, its end decides, or it is not recorded. */
  begins(): "keep" | "watch" | "skip";
  /** Returns whether a request that was watched is kept. */
  keeps(outcome: "ok" | "failed", tookMs: number): boolean;
  write(request: Omit<CapturedRequest, "id">): void;
  /** A request has exceeded its bound. */
  tooLarge(): void;
  readonly maxBytes: number;
}

/** Length in bytes from which a server may reuse the memory of a message that it has read. */
const REUSED_BYTES = 4 << 10;

/** Last message that a codec has read or written, with its bytes. */
class Remembering implements EndpointCodec<Message, Message> {
  readonly #codec: EndpointCodec<Message, Message>;
  #read: Message | undefined;
  #readBytes: Uint8Array | undefined;
  #written: Message | undefined;
  #writtenBytes: Uint8Array | undefined;

  constructor(codec: EndpointCodec<Message, Message>) {
    this.#codec = codec;
  }
  readonly decode = (bytes: Uint8Array): Message => {
    this.#read = this.#codec.decode(bytes);
    this.#readBytes = bytes;
    return this.#read;
  };
  readonly encode = (message: Message): Buffer => {
    const bytes = this.#codec.encode(message);
    this.#written = message;
    this.#writtenBytes = bytes;
    return bytes;
  };
  /** Returns the bytes that the message was read from; undefined: it was read from another form. */
  bytesOf(message: Message): Uint8Array | undefined {
    const bytes = this.#read === message ? this.#readBytes : undefined;
    this.#read = undefined;
    this.#readBytes = undefined;
    return bytes !== undefined && bytes.length >= REUSED_BYTES ? Uint8Array.from(bytes) : bytes;
  }
  encoded(message: Message): Uint8Array {
    const bytes = this.#written === message ? this.#writtenBytes : undefined;
    return (bytes ?? this.#codec.encode(message)).subarray(PREFIX_BYTES);
  }
}

const byReflection = ({ input, output }: Endpoint["method"]): EndpointCodec<Message, Message> => ({
  decode: (bytes) => fromBinary(input, bytes),
  encode: (message) => Buffer.concat([Buffer.alloc(PREFIX_BYTES), toBinary(output, message)]),
});

/**
 * Returns the endpoint whose requests are captured.
 *
 * @param masks of the upstreams' answers
 */
export function capturedEndpoint(endpoint: Endpoint, keeper: Keeper, masks: Masks): Endpoint {
  const inner = endpoint.withClock?.(recordingClock) ?? endpoint;
  const { input, output } = inner.method;
  const codec = new Remembering(inner.codec ?? byReflection(inner.method));
  const captured = { inner, codec, keeper, masks, input: maskOf(input), output: maskOf(output) };
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) => {
    const choice = keeper.begins();
    if (choice === "skip") return inner.run(args, headers, clientMs, done, failed);
    const request = new RecordedRequest(captured, args, headers, clientMs, choice === "keep");
    request.begin(args, done, failed);
    return request;
  };
  return { ...inner, ...(inner.codec !== undefined && { codec }), run };
}

interface CapturedRpc {
  readonly inner: Endpoint;
  readonly codec: Remembering;
  readonly keeper: Keeper;
  readonly masks: Masks;
  readonly input: ReturnType<typeof maskOf>;
  readonly output: ReturnType<typeof maskOf>;
}

/** A request that runs and is recorded. */
class RecordedRequest implements Answering {
  readonly #rpc: CapturedRpc;
  readonly #of: Recording;
  readonly #message: Uint8Array;
  readonly #headers: IncomingHeaders;
  readonly #clientMs: number | undefined;
  readonly #isKept: boolean;
  readonly #at = Date.now();
  #answering: Answering | undefined;
  #isOver = false;
  #endedAt = 0;

  constructor(
    rpc: CapturedRpc,
    args: Message,
    headers: IncomingHeaders,
    clientMs: number | undefined,
    isKept: boolean,
  ) {
    this.#rpc = rpc;
    this.#headers = headers;
    this.#clientMs = clientMs;
    this.#isKept = isKept;
    this.#message = rpc.codec.bytesOf(args) ?? toBinary(rpc.inner.method.input, args);
    this.#of = new Recording(rpc.keeper.maxBytes);
    this.#of.spend(this.#message.length * 2);
  }
  begin(args: Message, done: Parameters<Endpoint["run"]>[3], failed: Parameters<Endpoint["run"]>[4]): void {
    const { inner, codec, output } = this.#rpc;
    const answered: typeof done = (response, degraded, metadata) => {
      const unsent = done(response, degraded, metadata);
      if (this.#ends(degraded === "")) {
        const bytes = codec.encoded(response);
        this.#write({ answer: base64(output?.(bytes) ?? bytes), degraded });
      }
      return unsent;
    };
    const refused: typeof failed = (failure, metadata) => {
      failed(failure, metadata);
      if (this.#ends(false)) this.#write({ failure: shown(failure) });
    };
    this.#of.begin(() => {
      const headers = recordedHeaders(this.#headers, this.#of);
      this.#answering = inner.run(args, headers, this.#clientMs, answered, refused);
    });
  }
  cancel(why?: Failure): void {
    this.#of.arrives(["gone", 0, 0, 0], () => this.#answering?.cancel(why), undefined);
    if (this.#ends(false)) this.#write({});
  }
  /** Ends the recording. Returns true if it has to be written. */
  #ends(isOk: boolean): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#endedAt = microseconds();
    this.#of.affects(["answer"]);
    this.#of.end();
    const { keeper } = this.#rpc;
    if (!this.#of.isTooLarge)
      return this.#isKept || keeper.keeps(isOk ? "ok" : "failed", (this.#endedAt - this.#of.startedAt) / 1_000);
    keeper.tooLarge();
    return false;
  }
  #write(outcome: CapturedOutcome): void {
    const { inner, keeper, masks, input, output } = this.#rpc;
    const { parent, name } = inner.method;
    keeper.write({
      method: `${parent.typeName}/${name}`,
      at: new Date(this.#at).toISOString(),
      message: base64(input?.(this.#message) ?? this.#message),
      clientMs: this.#clientMs,
      ...callerIn(this.#headers),
      masked: input === undefined && output === undefined ? undefined : true,
      ...writtenValues(this.#of, masks),
      endedAt: this.#endedAt,
      outcome,
    });
  }
}

const shown = ({ clientCode, clientMessage }: Failure): CapturedOutcome["failure"] => ({
  code: clientCode,
  message: clientMessage,
});

/** Returns headers that record each value that is read. */
function recordedHeaders(headers: IncomingHeaders, of: Recording): IncomingHeaders {
  const recorded = new RecordedHeaders(headers, of);
  if (!(headers instanceof AuthenticatedRequest)) return recorded;
  // The runtime identifies authenticated requests by their class.
  const real = headers.get.bind(headers);
  headers.get = (name) => recorded.keep(name, real(name));
  return headers;
}

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
    if (!this.#of.done) this.#of.headers.push(name, value);
    return value;
  }
}
