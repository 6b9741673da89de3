import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import { Code, type Fault } from "../../failure.ts";
import type { Place, PlacePreference } from "../balance/balancer.ts";
import type { ReceivedHeaders } from "../call-headers.ts";
import { errorText } from "../error-text.ts";
import { throwLater } from "../throw-later.ts";
import type { InFlight, Reply } from "../unary-client.ts";
import type { AnswerFormat } from "./answer-format.ts";
import { unpacker } from "./content-encodings.ts";
import type { HttpPlace, HttpPlaces } from "./http-places.ts";
import { retryAfterMs } from "./retry-after.ts";

/** Maximum number of bytes that are read from the body of a failure. */
const MAX_ERROR_BYTES = 1 << 20;
/** Maximum number of informational answers before the final one. */
const MAX_INFORMATION = 32;

/** Request of an attempt, with the form of its answer. */
interface HttpExchange {
  readonly options: RequestOptions;
  readonly body: string | Uint8Array | undefined;
  /** True if a second sending does no harm. */
  readonly safe: boolean;
  readonly answers: AnswerFormat;
  /** In bytes. */
  readonly maxReplyBytes: number;
  /** Wall-clock time, in milliseconds. */
  readonly now: () => number;
}

/** One HTTP request, until its reply is reported. */
export class HttpAttempt implements InFlight, PlacePreference {
  readonly #of: HttpExchange;
  readonly #reply: Reply;
  readonly #places: HttpPlaces;
  readonly #place: Place<HttpPlace> | undefined;
  readonly #era: number;
  readonly #after: HttpAttempt | undefined;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #socket: Socket | undefined;
  /** Number of bytes read from its socket before this request. */
  #readBefore = 0;
  /** Size of the answer's body, as received. */
  #bodyBytes = 0;
  #information = 0;
  #ended = false;

  /**
   * @param place target of the request, if it is known
   * @param after the previous attempt of the same call
   */
  constructor(
    exchange: HttpExchange,
    reply: Reply,
    places: HttpPlaces,
    place: Place<HttpPlace> | undefined,
    after: HttpAttempt | undefined,
  ) {
    this.#of = exchange;
    this.#reply = reply;
    this.#places = places;
    this.#place = place;
    this.#era = place?.era ?? 0;
    this.#after = after;
  }
  avoids(place: object): boolean {
    return this.#place === place || (this.#after?.avoids(place) ?? false);
  }
  get address(): string | undefined {
    return this.#place?.address;
  }
  rate(good: boolean | undefined, slowness?: number): void {
    if (this.#place !== undefined) this.#places.balancer.rate(this.#place, this.#era, good, slowness);
  }
  /** @throws for headers that HTTP cannot carry */
  start(request: (options: RequestOptions) => ClientRequest): void {
    const sent = request(this.#of.options);
    this.#request = sent;
    sent.once("socket", (socket) => {
      this.#socket = socket;
      this.#readBefore = socket.bytesRead;
    });
    sent.once("response", (response) => this.#answered(response));
    sent.on("error", (error) => this.#broken(error));
    sent.on("information", () => {
      if (++this.#information > MAX_INFORMATION) this.#invalid("more informational answers than anybody needs");
    });
    // The request contains no upgrade.
    sent.on("upgrade", (_, socket) => {
      socket.destroy();
      this.#invalid("it changes the protocol");
    });
    sent.end(this.#of.body);
  }
  /** Fails the attempt without a request, for a call that ends before the request exists. */
  fail(fault: Fault): void {
    queueMicrotask(() => this.#fault(fault));
  }
  get unsent(): boolean {
    return this.#socket === undefined || this.#socket.connecting;
  }
  get sentBytes(): number {
    return Buffer.byteLength(this.#of.body ?? "");
  }
  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#request?.destroy();
  }

  #answered(response: IncomingMessage): void {
    if (this.#ended) return;
    this.#response = response;
    response.on("error", (error) => this.#broken(error));
    response.on("aborted", () => this.#broken(undefined));
    const { statusCode: status = 0, headers } = response;
    const { answers, maxReplyBytes } = this.#of;
    if (answers.succeeds(status)) {
      this.#receive(response, maxReplyBytes, true, (body) => this.#succeeded(status, body ?? EMPTY));
      return;
    }
    if (status >= 300 && status < 400) {
      const to = status === 304 ? "" : ` to ${JSON.stringify(headers.location ?? "")}, and redirects are not followed`;
      this.#invalid(`HTTP ${status}${to}`);
      return;
    }
    const pushbackMs = retryAfterMs(headers["retry-after"], this.#of.now());
    this.#receive(response, Math.min(maxReplyBytes, MAX_ERROR_BYTES), false, (body) =>
      this.#fault(answers.fault(status, body, pushbackMs)),
    );
  }

  /** Reads the whole body. The body of a failure is undefined if it is not acceptable, is too large or is broken. */
  #receive(response: IncomingMessage, most: number, succeeds: boolean, done: (body: Buffer | undefined) => void): void {
    const wrong = (message: string, code?: Code): void => {
      if (succeeds) this.#invalid(message, code);
      else done(undefined);
    };
    const announced = Number(response.headers["content-length"] ?? 0);
    if (announced > most) {
      wrong(`a reply of ${announced} bytes`);
      return;
    }
    const chunks: Buffer[] = [];
    let received = 0;
    response.on("data", (chunk: Buffer) => {
      if (this.#ended) return;
      received += chunk.length;
      if (received > most) wrong(`a reply of more than ${most} bytes`);
      else chunks.push(chunk);
    });
    response.on("end", () => {
      if (this.#ended || !response.complete) return;
      this.#bodyBytes = received;
      const type = response.headers["content-type"] ?? "";
      const refused = this.#of.answers.refuses(type, succeeds, received);
      if (refused !== undefined) wrong(`content-type is ${JSON.stringify(type)}`, refused);
      else if (received === 0) done(EMPTY);
      else this.#unpack(Buffer.concat(chunks, received), response.headers["content-encoding"], most, wrong, done);
    });
  }
  #unpack(
    bytes: Buffer,
    encoding: string | undefined,
    most: number,
    wrong: (message: string) => void,
    done: (body: Buffer) => void,
  ): void {
    if (encoding === undefined || encoding.trim().toLowerCase() === "identity") {
      done(bytes);
      return;
    }
    const unpack = unpacker(encoding);
    if (unpack === undefined) {
      wrong(`content-encoding is ${JSON.stringify(encoding)}`);
      return;
    }
    unpack(bytes, { maxOutputLength: most }, (error, plain) => {
      if (this.#ended) return;
      if (error === null) done(plain);
      else wrong(`the body cannot be decompressed: ${error.message}`);
    });
  }
  #succeeded(status: number, body: Buffer): void {
    let message: Uint8Array;
    try {
      message = this.#of.answers.message(body, status);
    } catch (error) {
      this.#invalid(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#ended = true;
    try {
      this.#report();
      this.#reply.replied(message, this.#bodyBytes);
    } catch (error) {
      throwLater(error);
    }
  }

  /** Handles a lost connection, or an invalid answer. */
  #broken(error: Error | undefined): void {
    if (this.#ended) return;
    const code = error !== undefined && "code" in error ? String(error.code) : "";
    if (code.startsWith("HPE_")) {
      this.#invalid(`no HTTP: ${error?.message ?? ""}`);
      return;
    }
    const begun = this.#socket !== undefined && this.#socket.bytesRead > this.#readBefore;
    const message = error === undefined ? "the answer broke off" : errorText(error, true);
    // The server may have closed the connection before it received the request. RFC 9112 (9.3.1) allows to send it
    // again.
    if (!begun) this.#places.lost();
    const stale = this.#request?.reusedSocket === true && !begun && (code === "ECONNRESET" || code === "EPIPE");
    const kind = stale && this.#of.safe ? "unprocessed" : "transport";
    this.#fault({ kind, code: Code.UNAVAILABLE, message });
  }
  #invalid(message: string, code: Code = Code.INTERNAL): void {
    this.#fault({ kind: "invalid", code, message });
  }
  #fault(fault: Fault): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#response?.complete !== true) this.#request?.destroy();
    try {
      this.#report();
      this.#reply.faulted(fault);
    } catch (error) {
      throwLater(error);
    }
  }
  #report(): void {
    if (this.#reply.metadata === undefined) return;
    const { headers = NONE, trailers = NONE } = this.#response ?? {};
    this.#reply.metadata(...(this.#of.answers.split?.(headers) ?? [headers, trailers]));
  }
}

const NONE: ReceivedHeaders = {};
const EMPTY = Buffer.alloc(0);
