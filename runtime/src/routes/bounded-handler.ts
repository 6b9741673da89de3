// Checks for messages that Connect's adapter serves. The bytes of a message are checked once they are complete, and
// before Connect decodes them. Connect receives them decompressed.
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { Compression, UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { contentTypeUnaryRegExp } from "@connectrpc/connect/protocol-connect";
import { COMPRESSIONS, decompress } from "../wire/compressions.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import { releaseBuffer } from "../wire/release-buffer.ts";
import type { Traffic } from "../wire/traffic.ts";
import { type Bounds, messageError, unknownFlags } from "./bounds.ts";
import { GetQuery } from "./get-query.ts";
import { answerInJson, type JsonBorder, protoOf } from "./json-border.ts";
import { HOLDER, type MessageHolder, ownerOf } from "./message-holder.ts";
import { refused } from "./refused.ts";
import { strictBinary } from "./strict-binary.ts";

/** Bounds of one message. */
interface MessageBounds extends Bounds {
  /** Maximum size in bytes; larger messages are refused with RESOURCE_EXHAUSTED. */
  readonly maxBytes: number;
  /** Counts the messages; undefined: no observer reads it. */
  readonly traffic?: Traffic | undefined;
  readonly json: JsonBorder;
}

/** Properties of a request's messages that are known before they arrive. */
interface Incoming {
  readonly desc: DescMessage;
  readonly isJson: boolean;
  /** Name of the compression that its messages may have. */
  readonly encoding: string | null;
  /** The compression of that name, if known; Connect reports an unknown one. */
  readonly compression: Compression | undefined;
  readonly bounds: MessageBounds;
  readonly holder: MessageHolder | undefined;
  readonly signal: AbortSignal;
}

const TYPE = /^application\/(?:(grpc(?:-web)?|connect)(?:$|\+))?(json|proto)?/i;
const COMPRESSED = 1;

/** Applies these bounds to everything that `add` adds to the router. */
export function addBounded(router: ConnectRouter, bounds: MessageBounds, add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => bounded(handler, bounds)));
}

function bounded(handler: UniversalHandler, bounds: MessageBounds): UniversalHandler {
  const answer = (request: UniversalServerRequest): ReturnType<UniversalHandler> => {
    if (request.method === "GET" && handler.allowedMethods.includes("GET"))
      return answerToGet(request, handler, bounds);
    const { body, header } = request;
    const [, framing, format] = TYPE.exec(header.get("content-type") ?? "") ?? [];
    if (!isStream(body) || (framing === undefined && format === undefined)) return handler(request);
    const encoding = header.get(framing === undefined ? "content-encoding" : encodingHeader(framing));
    const isJson = format?.toLowerCase() === "json";
    const incoming = incomingOf(request, { desc: handler.method.input, isJson, encoding, bounds });
    const plain =
      framing === undefined
        ? { ...request, header: plainHeader(header, incoming), body: wholeBody(body, incoming) }
        : { ...request, body: framedBody(body, incoming) };
    return served(plain, handler, incoming);
  };
  const allowed = handler.allowedMethods.includes("GET") ? [...handler.allowedMethods, "HEAD"] : handler.allowedMethods;
  const serve = async (request: UniversalServerRequest): ReturnType<UniversalHandler> => {
    const response = await answer(request);
    if (response.status !== 405) return response;
    const header = new Headers(response.header);
    header.set("allow", allowed.join(", ")); // RFC 9110, 15.5.6
    return { ...response, header };
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

/** Serves a request whose messages are protobuf now. */
function served(
  request: UniversalServerRequest,
  handler: UniversalHandler,
  { isJson, bounds }: Incoming,
): ReturnType<UniversalHandler> {
  return isJson ? answerInJson(request, handler, bounds.json) : handler(request);
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
 * Returns the checked and decompressed bytes of a protobuf message. If Connect has to refuse their compression, they are returned unchanged.
 *
 * @throws ConnectError if a message has too many elements, is invalid, or cannot be decompressed within the bound
 */
async function checked(bytes: Uint8Array, compressed: boolean, incoming: Incoming): Promise<Uint8Array> {
  const { desc, isJson, compression, bounds } = incoming;
  bounds.traffic?.countReceived(bytes.length);
  if (compressed && compression === undefined) return bytes;
  const plain = compressed && compression !== undefined ? await decompressed(bytes, compression, incoming) : bytes;
  const error = messageError(plain, desc, isJson, bounds);
  if (error !== undefined) throw error;
  return isJson ? protoOf(desc, plain, bounds.json.registry) : strict(desc, plain);
}
function strict(desc: DescMessage, bytes: Uint8Array): Uint8Array {
  try {
    return strictBinary(desc, bytes);
  } catch (thrown) {
    throw new ConnectError(`parse binary: ${(thrown as Error).message}`, Code.InvalidArgument); // as connect-go has it
  }
}
async function decompressed(bytes: Uint8Array, compression: Compression, incoming: Incoming): Promise<Uint8Array> {
  const { bounds, holder, signal } = incoming;
  const isAwaited = (): boolean => !signal.aborted && holder?.failure === undefined;
  const toBeRead = async ({ length }: Uint8Array): Promise<void> => {
    holder?.hold(length);
    if (isAwaited()) await holder?.turn(length);
  };
  const work = () => decompress(ownerOf(holder), compression, bytes, { ...bounds, isAwaited, toBeRead });
  const plain = await (holder === undefined ? work() : holder.ahead(work));
  if (holder?.failure !== undefined) throw holder.failure; // else Connect holds the message until its refusal has its turn
  if (plain === undefined) throw new ConnectError("the client has gone", Code.Canceled);
  return plain;
}
const isCompression = (name: string | null): boolean => name !== null && name !== "identity";

/**
 * Returns the headers for a decompressed message, whose length may change. The answer's compression stays the same:
 * without `accept-encoding`, it is that of the request.
 */
function plainHeader(header: Headers, { compression, isJson }: Incoming): Headers {
  if (compression === undefined && isJson) return header;
  const plain = new Headers(header);
  plain.delete("content-length");
  if (compression === undefined) return plain;
  plain.delete("content-encoding");
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

/** Yields the messages of a body with gRPC's prefix, each once it is complete and decompressed. */
async function* framedBody(body: AsyncIterable<Uint8Array>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  const { bounds } = incoming;
  const bytes = new Gathered(incoming.holder?.handsOver);
  for await (const chunk of body) {
    bytes.add(chunk);
    while (bytes.length >= PREFIX_BYTES) {
      const prefix = bytes.peek(PREFIX_BYTES);
      const [flags = 0] = prefix;
      if (flags > COMPRESSED) throw unknownFlags(flags);
      const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(1);
      if (length > bounds.maxBytes) throw tooLarge(bounds.maxBytes, length);
      bytes.most = PREFIX_BYTES + length;
      if (bytes.length < bytes.most) break;
      const message = bytes.take(bytes.most);
      const compressed = flags === COMPRESSED;
      const content = message.subarray(PREFIX_BYTES);
      const plain = await checked(content, compressed, incoming);
      if (plain === content) yield message;
      else {
        const whole = frame(plain);
        if (compressed) releaseBuffer(plain);
        yield whole;
      }
    }
  }
  if (bytes.length > 0) yield bytes.take(bytes.length); // Connect says what is wrong with it
}

/** Returns the error in Connect's wording. */
function tooLarge(maxBytes: number, length?: number): ConnectError {
  const message = `message size ${length === undefined ? "" : `${length} `}is larger than configured readMaxBytes ${maxBytes}`;
  return new ConnectError(message, Code.ResourceExhausted);
}

/** Received bytes, in one piece of memory however small the pieces were. */
class Gathered {
  length = 0;
  /** Expected total length, as far as known: no room is reserved beyond it. */
  most = Number.POSITIVE_INFINITY;
  #memory: Uint8Array = new Uint8Array(0);
  /** True if no other code uses that memory. */
  #isExclusive = false;
  readonly #handedOver: boolean;

  /** @param handedOver whether no listener besides Connect keeps a chunk of the request */
  constructor(handedOver = false) {
    this.#handedOver = handedOver;
  }

  add(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (this.length === 0) {
      this.#memory = chunk;
      this.#isExclusive = this.#handedOver;
      this.length = length;
      return;
    }
    if (length > this.#memory.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, Math.min(this.most, 2 * this.#memory.length)));
      larger.set(this.#memory.subarray(0, this.length));
      larger.set(chunk, this.length);
      if (this.#isExclusive) releaseBuffer(this.#memory); // what was taken off its front is another part of that memory, which stays then
      this.#memory = larger;
      this.#isExclusive = true;
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
    return served(asPost(request, query, `application/${format}`, incoming), handler, incoming);
  const read = await readQuery(query, incoming);
  if (read instanceof ConnectError) return refused(read);
  if (read === undefined) return handler(request);
  return served({ ...request, header: plainHeader(header, incoming), url: urlOf(url, read) }, handler, incoming);
}

/**
 * Returns the equivalent POST of a GET whose message is compressed. Its body is decompressed in turn, after
 * authentication. In a query, Connect would take many times as long to read the message as to decompress it again. Not
 * for custom servers, whose interceptors see the HTTP method.
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

/**
 * Returns the error of the message in a query, or the bytes to decode if they are others. Connect reports all other
 * errors.
 */
async function readQuery(query: GetQuery, incoming: Incoming): Promise<ConnectError | Uint8Array | undefined> {
  try {
    const message = query.message();
    const read = await checked(message, isCompression(incoming.encoding), incoming);
    return read === message ? undefined : read;
  } catch (thrown) {
    return thrown instanceof ConnectError ? thrown : undefined;
  }
}
function urlOf(url: string, message: Uint8Array): string {
  const changed = new URL(url);
  changed.searchParams.delete("compression");
  changed.searchParams.set("encoding", "proto");
  changed.searchParams.set("base64", "1");
  changed.searchParams.set("message", Buffer.from(message).toString("base64url"));
  return changed.href;
}
