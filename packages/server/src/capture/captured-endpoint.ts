import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import type { Endpoint, EndpointCodec } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { Failure } from "@protobff/runtime/internal/failure";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type Incoming, type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { isSecretHeader } from "../explorer/masks.ts";
import { base64 } from "./captured-client.ts";
import { type CapturedOutcome, type CapturedRequest, WITHHELD } from "./format.ts";
import { microseconds, Recording, recordingClock } from "./recording.ts";
import { maskOf } from "./secrets.ts";

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

/** Last message that a codec has read or written, with its bytes. */
class Remembering implements EndpointCodec<Message, Message> {
  readonly #codec: EndpointCodec<Message, Message>;
  #read: { readonly message: Message; readonly bytes: Uint8Array } | undefined;
  #written: { readonly message: Message; readonly bytes: Uint8Array } | undefined;

  constructor(codec: EndpointCodec<Message, Message>) {
    this.#codec = codec;
  }
  readonly decode = (bytes: Uint8Array): Message => {
    const message = this.#codec.decode(bytes);
    this.#read = { message, bytes };
    return message;
  };
  readonly encode = (message: Message): Buffer => {
    const bytes = this.#codec.encode(message);
    this.#written = { message, bytes };
    return bytes;
  };
  bytesOf(message: Message): Uint8Array | undefined {
    const found = this.#read?.message === message ? this.#read.bytes : undefined;
    this.#read = undefined;
    return found;
  }
  encoded(message: Message): Uint8Array {
    const { bytes } = this.#written?.message === message ? this.#written : { bytes: this.#codec.encode(message) };
    this.#written = undefined;
    return bytes.subarray(PREFIX_BYTES);
  }
}

const byReflection = ({ input, output }: Endpoint["method"]): EndpointCodec<Message, Message> => ({
  decode: (bytes) => fromBinary(input, bytes),
  encode: (message) => Buffer.concat([Buffer.alloc(PREFIX_BYTES), toBinary(output, message)]),
});

/** Returns the endpoint whose requests are captured. */
export function capturedEndpoint(endpoint: Endpoint, keeper: Keeper): Endpoint {
  const inner = endpoint.withClock?.(recordingClock) ?? endpoint;
  const { input, output, parent, name } = inner.method;
  const codec = new Remembering(inner.codec ?? byReflection(inner.method));
  const masks = { input: maskOf(input), output: maskOf(output) };
  const method = `${parent.typeName}/${name}`;
  const run: Endpoint["run"] = (args, headers, clientMs, done, failed) => {
    const choice = keeper.begins();
    if (choice === "skip") return inner.run(args, headers, clientMs, done, failed);
    const at = new Date();
    const message = codec.bytesOf(args) ?? toBinary(input, args);
    const kept = (masks.input?.(message) ?? message).slice();
    const of = new Recording(keeper.maxBytes);
    of.spend(kept.length * 2);
    let isOver = false;
    const ended = (isOk: boolean, outcome: () => CapturedOutcome): void => {
      if (isOver) return;
      isOver = true;
      const endedAt = microseconds();
      if (of.isTooLarge) keeper.tooLarge();
      else if (choice === "keep" || keeper.keeps(isOk ? "ok" : "failed", (endedAt - of.startedAt) / 1_000)) {
        of.affects(["answer"]);
        const head = { method, at: at.toISOString(), message: base64(kept), clientMs };
        const masked = masks.input === undefined && masks.output === undefined ? undefined : (true as const);
        keeper.write({ ...head, ...callerIn(headers), masked, ...valuesOf(of), endedAt, outcome: outcome() });
      }
      of.done = true;
    };
    const answering = of.begin(() =>
      inner.run(
        args,
        recordedHeaders(headers, of),
        clientMs,
        (response, degraded, metadata) => {
          const unsent = done(response, degraded, metadata);
          ended(degraded === "", () => {
            const bytes = codec.encoded(response);
            return { answer: base64(masks.output?.(bytes) ?? bytes), degraded };
          });
          return unsent;
        },
        (failure, metadata) => {
          failed(failure, metadata);
          ended(false, () => ({ failure: shown(failure) }));
        },
      ),
    );
    const cancel: typeof answering.cancel = (why) => {
      of.arrives("gone", [], answering.cancel.bind(answering), why);
      ended(false, () => ({}));
    };
    return { cancel };
  };
  return { ...inner, ...(inner.codec !== undefined && { codec }), run };
}

const shown = ({ clientCode, clientMessage }: Failure): CapturedOutcome["failure"] => ({
  code: clientCode,
  message: clientMessage,
});

function valuesOf(
  of: Recording,
): Pick<
  CapturedRequest,
  "headers" | "startedAt" | "readings" | "dates" | "random" | "decisions" | "tape" | "entries" | "joins"
> {
  const { headers, startedAt, dates, random, decisions, tape, entries, joins } = of;
  let last = startedAt;
  const readings = of.readings.map((reading) => {
    const difference = reading - last;
    last = reading;
    return difference;
  });
  const encoded = tape.map((event) =>
    event.map((value: unknown) => (value instanceof Uint8Array ? base64(value) : value)),
  ) as unknown as typeof tape;
  const cached = { ...(entries.length > 0 && { entries }), ...(joins.length > 0 && { joins }) };
  return { headers, startedAt, readings, dates, random, decisions, ...cached, tape: encoded };
}

function callerIn(headers: IncomingHeaders): Pick<CapturedRequest, "caller" | "peer"> {
  if (!(headers instanceof AuthenticatedRequest)) return { peer: incomingOf(headers).peer };
  const { caller, peer } = headers;
  if (caller === undefined) return { peer, caller: null };
  const credential = base64(toBinary(CredentialSchema, caller.credential));
  return { peer, caller: { principal: base64(caller.bytes), credential, token: caller.token !== undefined } };
}

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
    if (!this.#of.done)
      this.#of.headers[name] = value !== null && value !== "" && isSecretHeader(name) ? WITHHELD : value;
    return value;
  }
}
