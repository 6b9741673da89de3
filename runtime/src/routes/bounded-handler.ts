// For what Connect's adapter serves: the bytes of a message are looked at when all of them are there, and before Connect decodes them, which is
// given them decompressed.
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, createContextKey } from "@connectrpc/connect";
import type { Compression, UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, contentTypeUnaryRegExp, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { COMPRESSIONS, decompress } from "../wire/compressions.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import { releaseBuffer } from "../wire/release-buffer.ts";
import { type Bounds, checkMessage } from "./bounds.ts";
import { GetQuery } from "./get-query.ts";

/** Of one message. */
export interface MessageBounds extends Bounds {
  /** Larger ones are refused with RESOURCE_EXHAUSTED; in bytes. */
  readonly maxBytes: number;
}

/** Whose requests are served one after the other, and where they count. */
export interface MessageHolder {
  /** What it comes by, the same one for all requests of a connection. */
  readonly connection: object;
  /** Whether nobody else looks at the pieces that its body is read in. */
  readonly handsOver: boolean;
  /** Why its messages are no longer read: the process holds too many bytes, for example. */
  readonly failure: Error | undefined;
  /** So many bytes more are kept until the request is answered. */
  hold(bytes: number): void;
  /** So many fewer. */
  letGo(bytes: number): void;
  /** Does what those of its connection wait for that have not begun, where there is much of it. */
  ahead<T>(work: () => Promise<T>): Promise<T>;
  /** Its message, of so many bytes, may be read: one of each connection's comes after the other. */
  turn(bytes: number): Promise<void>;
}
export const HOLDER = createContextKey<MessageHolder | undefined>(undefined);
/** Whose requests a server of one's own serves, it does not tell. */
const NOBODYS = {};
/** Whose turn it is when their messages are compressed or decompressed. */
export const ownerOf = (holder: MessageHolder | undefined): object => holder?.connection ?? NOBODYS;

/** What is known of a request's messages before they have come. */
interface Incoming {
  readonly desc: DescMessage;
  readonly isJson: boolean;
  /** The name of the compression that its messages may have. */
  readonly encoding: string | null;
  /** That one, if it is known; of one that is not Connect says so. */
  readonly compression: Compression | undefined;
  readonly bounds: MessageBounds;
  readonly holder: MessageHolder | undefined;
  readonly signal: AbortSignal;
}

const TYPE = /^application\/(?:(grpc(?:-web)?|connect)(?:$|\+))?(json|proto)?/i;
const COMPRESSED = 1;

/** Everything that `add` adds to the router keeps to these bounds. */
export function addBounded(router: ConnectRouter, bounds: MessageBounds, add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => bounded(handler, bounds)));
}

function bounded(handler: UniversalHandler, bounds: MessageBounds): UniversalHandler {
  const serve = async (request: UniversalServerRequest): ReturnType<UniversalHandler> => {
    if (request.method === "GET" && handler.allowedMethods.includes("GET"))
      return answerToGet(request, handler, bounds);
    const { body, header } = request;
    const [, framing, format] = TYPE.exec(header.get("content-type") ?? "") ?? [];
    if (!isStream(body) || (framing === undefined && format === undefined)) return handler(request);
    const encoding = header.get(framing === undefined ? "content-encoding" : encodingHeader(framing));
    const isJson = format?.toLowerCase() === "json";
    const incoming = incomingOf(request, { desc: handler.method.input, isJson, encoding, bounds });
    if (framing !== undefined) return handler({ ...request, body: framedBody(body, incoming) });
    return handler({ ...request, header: plainHeader(header, incoming), body: wholeBody(body, incoming) });
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

const isStream = (body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

const encodingHeader = (framing: string): string =>
  framing.toLowerCase() === "connect" ? "connect-content-encoding" : "grpc-encoding";

function incomingOf(
  { contextValues, signal }: UniversalServerRequest,
  known: Pick<Incoming, "desc" | "isJson" | "encoding" | "bounds">,
): Incoming {
  const compression = COMPRESSIONS.find(({ name }) => name === known.encoding);
  return { ...known, compression, holder: contextValues?.get(HOLDER), signal };
}

/**
 * What the bytes say when they are decompressed; as they are where Connect has to refuse what they are compressed with.
 *
 * @throws ConnectError, of a message that holds too many elements, or cannot be decompressed into so many bytes
 */
async function checked(bytes: Uint8Array, compressed: boolean, incoming: Incoming): Promise<Uint8Array> {
  const { desc, isJson, compression, bounds } = incoming;
  if (compressed && compression === undefined) return bytes;
  const plain = compressed && compression !== undefined ? await decompressed(bytes, compression, incoming) : bytes;
  checkMessage(plain, desc, isJson, bounds);
  return plain;
}
async function decompressed(bytes: Uint8Array, compression: Compression, incoming: Incoming): Promise<Uint8Array> {
  const { bounds, holder, signal } = incoming;
  const isWanted = (): boolean => !signal.aborted && holder?.failure === undefined;
  const toBeRead = async ({ length }: Uint8Array): Promise<void> => {
    holder?.hold(length);
    if (isWanted()) await holder?.turn(length);
  };
  const work = () => decompress(ownerOf(holder), compression, bytes, { ...bounds, isWanted, toBeRead });
  const plain = await (holder === undefined ? work() : holder.ahead(work));
  if (holder?.failure !== undefined) throw holder.failure; // else Connect holds the message until its refusal has its turn
  if (plain === undefined) throw new ConnectError("the client has gone", Code.Canceled);
  return plain;
}
const isCompression = (name: string | null): boolean => name !== null && name !== "identity";

/** Of what is handed on decompressed; the answer is compressed as it was to be, which without `accept-encoding` is as the request is. */
function plainHeader(header: Headers, { compression }: Incoming): Headers {
  if (compression === undefined) return header;
  const plain = new Headers(header);
  plain.delete("content-encoding");
  plain.delete("content-length");
  if (!plain.has("accept-encoding")) plain.set("accept-encoding", compression.name);
  return plain;
}

// ---- bodies ----

/** A body that is one message. */
async function* wholeBody(body: AsyncIterable<Uint8Array>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  const bytes = new Gathered(incoming.holder?.handsOver);
  for await (const chunk of body) {
    bytes.add(chunk);
    if (bytes.length > incoming.bounds.maxBytes) throw tooLarge(incoming.bounds.maxBytes);
  }
  yield await checked(bytes.take(bytes.length), isCompression(incoming.encoding), incoming);
}

/** A body of messages with gRPC's prefix: each goes on when it is whole, and not compressed. */
async function* framedBody(body: AsyncIterable<Uint8Array>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  const { bounds } = incoming;
  const bytes = new Gathered(incoming.holder?.handsOver);
  for await (const chunk of body) {
    bytes.add(chunk);
    while (bytes.length >= PREFIX_BYTES) {
      const prefix = bytes.peek(PREFIX_BYTES);
      const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(1);
      if (length > bounds.maxBytes) throw tooLarge(bounds.maxBytes, length);
      bytes.most = PREFIX_BYTES + length;
      if (bytes.length < bytes.most) break;
      const message = bytes.take(bytes.most);
      const [flags = 0] = message;
      const compressed = (flags & COMPRESSED) !== 0;
      const plain = await checked(message.subarray(PREFIX_BYTES), compressed, incoming);
      if (compressed && incoming.compression !== undefined) {
        const whole = frame(plain);
        releaseBuffer(plain);
        whole[0] = flags & ~COMPRESSED;
        yield whole;
      } else yield message;
    }
  }
  if (bytes.length > 0) yield bytes.take(bytes.length); // Connect says what is wrong with it
}

/** As Connect says it. */
function tooLarge(maxBytes: number, length?: number): ConnectError {
  const message = `message size ${length === undefined ? "" : `${length} `}is larger than configured readMaxBytes ${maxBytes}`;
  return new ConnectError(message, Code.ResourceExhausted);
}

/** Bytes that have come, in one piece of memory however small the pieces were. */
class Gathered {
  length = 0;
  /** So many are wanted together, as far as is known: room for more is not kept ready. */
  most = Number.POSITIVE_INFINITY;
  #memory: Uint8Array = new Uint8Array(0);
  /** Whether that is nobody else's. */
  #own = false;
  readonly #handedOver: boolean;

  /** @param handedOver whether no chunk is kept by others, too, who listen to the request beside Connect */
  constructor(handedOver = false) {
    this.#handedOver = handedOver;
  }

  add(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (this.length === 0) {
      this.#memory = chunk;
      this.#own = this.#handedOver;
      this.length = length;
      return;
    }
    if (length > this.#memory.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, Math.min(this.most, 2 * this.#memory.length)));
      larger.set(this.#memory.subarray(0, this.length));
      larger.set(chunk, this.length);
      if (this.#own) releaseBuffer(this.#memory); // what was taken off its front is another part of that memory, which stays then
      this.#memory = larger;
      this.#own = true;
    } else this.#memory.set(chunk, this.length);
    if (this.#handedOver) releaseBuffer(chunk);
    this.length = length;
  }
  peek(count: number): Uint8Array {
    return this.#memory.subarray(0, count);
  }
  take(count: number): Uint8Array {
    const taken = this.#memory.subarray(0, count);
    this.#memory = this.#memory.subarray(count, this.length);
    this.length -= count;
    return taken;
  }
}

// ---- Connect's GET ----

async function answerToGet(
  request: UniversalServerRequest,
  handler: UniversalHandler,
  bounds: MessageBounds,
): ReturnType<UniversalHandler> {
  const { url, header } = request;
  const query = new GetQuery(url);
  const format = query.get("encoding");
  const isType = contentTypeUnaryRegExp.test(header.get("content-type") ?? "application/json");
  if (!isType || (format !== "json" && format !== "proto")) return handler(request); // which refuses it
  const encoding = query.get("compression");
  const incoming = incomingOf(request, { desc: handler.method.input, isJson: format === "json", encoding, bounds });
  if (incoming.compression !== undefined && incoming.holder !== undefined)
    return handler(asPost(request, query, `application/${format}`, incoming));
  const error = await errorOfQuery(query, incoming);
  return error === undefined ? handler(request) : refused(error);
}

/**
 * What says the same as a GET whose message is compressed: as a body that goes on decompressed and in its turn, when credentials have been
 * judged. In a query Connect would take many times as long to read it as to decompress it again. Not for servers of one's own, whose
 * interceptors see by which method it was asked.
 */
function asPost(
  request: UniversalServerRequest,
  query: GetQuery,
  type: string,
  incoming: Incoming,
): UniversalServerRequest {
  const header = plainHeader(request.header, incoming);
  header.set("content-type", type);
  const body = (async function* () {
    yield await checked(query.message(), true, incoming);
  })();
  return { ...request, method: "POST", header, body };
}

/** Of the message in a query; what is wrong otherwise Connect will say. */
async function errorOfQuery(query: GetQuery, incoming: Incoming): Promise<ConnectError | undefined> {
  try {
    await checked(query.message(), isCompression(incoming.encoding), incoming);
    return undefined;
  } catch (thrown) {
    return thrown instanceof ConnectError ? thrown : undefined;
  }
}

async function refused(error: ConnectError): ReturnType<UniversalHandler> {
  const body = errorToJsonBytes(error, undefined);
  const header = new Headers({ "content-type": "application/json", "content-length": String(body.length) });
  return {
    status: codeToHttpStatus(error.code),
    header,
    body: (async function* () {
      yield body;
    })(),
  };
}
