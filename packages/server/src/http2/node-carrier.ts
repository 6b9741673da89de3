import type * as http2 from "node:http2";
import { ErrorCode } from "@protobff/runtime/internal/http2";
import type { Carrier, CarrierConnection, CarrierListener } from "../carrier/carrier.ts";
import type { Trailers } from "../carrier/trailers.ts";
import { discard, dropStream } from "../requests/request-body.ts";
import { inTurn } from "../turns/turn-queue.ts";

const CARRIER = Symbol();
type Carried = http2.ServerHttp2Stream & { [CARRIER]?: NodeCarrier | undefined };
const WITH_TRAILERS = { waitForTrailers: true };
const WITH_BODY = {};
const ALONE = { endStream: true };
const NONE: Trailers = {};

/** A stream of node:http2. */
export class NodeCarrier implements Carrier {
  readonly #stream: http2.ServerHttp2Stream;
  hearer: CarrierListener | undefined;
  trailers: Trailers = NONE;

  constructor(stream: http2.ServerHttp2Stream) {
    this.#stream = stream;
  }
  get session(): object {
    return this.#stream.session ?? this.#stream;
  }
  get connection(): CarrierConnection | undefined {
    return this.#stream.session;
  }
  get gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
  listen(hearer: CarrierListener): void {
    this.hearer = hearer;
    const stream: Carried = this.#stream;
    stream[CARRIER] = this;
    stream.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onError);
  }
  continue(): void {
    this.#stream.additionalHeaders({ ":status": 100 });
  }

  answer(
    status: number,
    headers: readonly string[],
    body: Uint8Array | undefined,
    trailers: Trailers | undefined,
    unread: boolean,
  ): void {
    if (this.gone) return;
    const untrailed = body === undefined ? ALONE : WITH_BODY;
    const options = trailers === undefined ? untrailed : WITH_TRAILERS;
    this.#respond(status, headers, options);
    if (options !== ALONE) this.end(body, trailers, unread);
    else if (unread) discard(this.#stream, this.#stream);
  }
  respond(status: number, headers: readonly string[], trailing: boolean): void {
    if (!this.gone) this.#respond(status, headers, trailing ? WITH_TRAILERS : WITH_BODY);
  }
  #respond(status: number, headers: readonly string[], options: http2.ServerStreamResponseOptions): void {
    this.#stream.respond([":status", status, ...headers] as string[], options);
    if (options === WITH_TRAILERS) this.#stream.once("wantTrailers", onWantTrailers);
  }
  flush(): void {}
  write(bytes: Uint8Array, written: () => void): void {
    if (!this.gone) this.#stream.write(bytes, written);
  }
  end(bytes: Uint8Array | undefined, trailers: Trailers | undefined, unread: boolean): void {
    if (this.gone) return;
    this.trailers = trailers ?? NONE;
    if (bytes === undefined) this.#stream.end();
    else this.#stream.end(bytes);
    if (unread) discard(this.#stream, this.#stream);
  }
  cutOff(): void {
    this.#stream.close(ErrorCode.INTERNAL_ERROR);
  }
  drop(): void {
    dropStream(this.#stream);
  }
}

// ---- listeners, shared by all streams in place of closures for each ----

function onData(this: Carried, chunk: Buffer): void {
  this[CARRIER]?.hearer?.data(chunk);
}
/** Node emits `end` even if the connection closes in the middle of a request: `close` follows. */
function onEnd(this: Carried): void {
  if (!this.closed) this[CARRIER]?.hearer?.end();
}
function onClose(this: Carried): void {
  const hearer = this[CARRIER]?.hearer;
  this[CARRIER] = undefined; // node:http2 may keep its streams until the next full collection
  if (hearer === undefined) return;
  if (this.session?.destroyed ?? true) inTurn(() => hearer.close());
  else hearer.close();
}
function onWantTrailers(this: Carried): void {
  this.sendTrailers({ ...this[CARRIER]?.trailers } as http2.OutgoingHttpHeaders);
}
function onError(): void {} // `close` follows
