// For what Connect's adapter serves: the bytes of a message are looked at when all of them are there, and before Connect decodes them.
import type { DescMessage } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { type Bounds, checkElements } from "./bounds.ts";

/** Of one message. */
export interface MessageBounds extends Bounds {
  /** Larger ones are refused with RESOURCE_EXHAUSTED; in bytes. */
  readonly maxBytes: number;
}

/** What is known of a request's messages before they have come. */
interface Incoming {
  readonly desc: DescMessage;
  readonly isJson: boolean;
  /** The name of the compression that its messages may have. */
  readonly encoding: string | null;
  readonly bounds: MessageBounds;
}

const COMPRESSIONS = [compressionGzip, compressionBrotli];
const TYPE = /^application\/(?:(grpc(?:-web)?|connect)(?:$|\+))?(json|proto)?/i;
const PREFIX_BYTES = 5;
const COMPRESSED = 1;

/** Everything that `add` adds to the router keeps to these bounds. */
export function addBounded(router: ConnectRouter, bounds: MessageBounds, add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map((handler) => bounded(handler, bounds)));
}

function bounded(handler: UniversalHandler, bounds: MessageBounds): UniversalHandler {
  const desc = handler.method.input;
  const serve = async (request: UniversalServerRequest): ReturnType<UniversalHandler> => {
    if (request.method === "GET" && handler.allowedMethods.includes("GET")) {
      const error = await errorOfQuery(request.url, desc, bounds);
      return error === undefined ? handler(request) : refused(error);
    }
    const { body } = request;
    const [, framing, format] = TYPE.exec(request.header.get("content-type") ?? "") ?? [];
    if (!isStream(body) || (framing === undefined && format === undefined)) return handler(request);
    const encoding = request.header.get(framing === undefined ? "content-encoding" : encodingHeader(framing));
    const incoming: Incoming = { desc, isJson: format?.toLowerCase() === "json", encoding, bounds };
    const checked = framing === undefined ? wholeBody(body, incoming) : framedBody(body, incoming);
    return handler({ ...request, body: checked });
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

const isStream = (body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> =>
  typeof body === "object" && body !== null && Symbol.asyncIterator in body;

const encodingHeader = (framing: string): string =>
  framing.toLowerCase() === "connect" ? "connect-content-encoding" : "grpc-encoding";

/** @throws ConnectError, of a message that holds too many elements, or cannot be decompressed into so many bytes */
async function check(bytes: Uint8Array, compressed: boolean, incoming: Incoming): Promise<void> {
  const { desc, isJson, encoding, bounds } = incoming;
  let plain = bytes;
  if (compressed) {
    const compression = COMPRESSIONS.find(({ name }) => name === encoding);
    if (compression === undefined) return; // Connect refuses what it does not know
    plain = await compression.decompress(bytes, bounds.maxBytes);
  }
  checkElements(plain, desc, isJson, bounds);
}
const isCompression = (name: string | null): boolean => name !== null && name !== "identity";

// ---- bodies ----

/** A body that is one message. */
async function* wholeBody(body: AsyncIterable<Uint8Array>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  const bytes = new Gathered();
  for await (const chunk of body) {
    bytes.add(chunk);
    if (bytes.length > incoming.bounds.maxBytes) throw tooLarge(incoming.bounds.maxBytes);
  }
  const all = bytes.take(bytes.length);
  await check(all, isCompression(incoming.encoding), incoming);
  yield all;
}

/** A body of messages with gRPC's prefix: each goes on when it is whole. */
async function* framedBody(body: AsyncIterable<Uint8Array>, incoming: Incoming): AsyncGenerator<Uint8Array> {
  const { bounds } = incoming;
  const bytes = new Gathered();
  for await (const chunk of body) {
    bytes.add(chunk);
    while (bytes.length >= PREFIX_BYTES) {
      const prefix = bytes.peek(PREFIX_BYTES);
      const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(1);
      if (length > bounds.maxBytes) throw tooLarge(bounds.maxBytes, length);
      if (bytes.length < PREFIX_BYTES + length) break;
      const message = bytes.take(PREFIX_BYTES + length);
      await check(message.subarray(PREFIX_BYTES), ((message[0] ?? 0) & COMPRESSED) !== 0, incoming);
      yield message;
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
  #memory: Uint8Array = new Uint8Array(0);

  add(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (this.length === 0) this.#memory = chunk;
    else if (length > this.#memory.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#memory.length));
      larger.set(this.#memory.subarray(0, this.length));
      larger.set(chunk, this.length);
      this.#memory = larger;
    } else this.#memory.set(chunk, this.length);
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

/** Of the message in a query; what is wrong otherwise Connect will say. */
async function errorOfQuery(url: string, desc: DescMessage, bounds: MessageBounds): Promise<ConnectError | undefined> {
  const query = new URL(url).searchParams;
  const message = query.get("message") ?? "";
  const encoding = query.get("compression");
  const incoming = { desc, isJson: query.get("encoding") === "json", encoding, bounds };
  try {
    const bytes = query.get("base64") === "1" ? base64Decode(message) : new TextEncoder().encode(message);
    await check(bytes, isCompression(encoding), incoming);
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
