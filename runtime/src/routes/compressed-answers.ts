// Compression of the answers that Connect's adapter serves. Connect decides which bytes to compress, and this module
// compresses them. Connect would compress everything at once, and keep waiting bytes outside every bound.
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type {
  Compression,
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { COMPRESSIONS, compress } from "../wire/compressions.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import { HOLDER, type MessageHolder, ownerOf } from "./message-holder.ts";

/** Compressions for Connect's handlers: the bytes stay the same, but are marked as compressed. */
export const DEFERRED_COMPRESSIONS: Compression[] = COMPRESSIONS.map((compression) => ({
  ...compression,
  compress: async (bytes) => new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
}));
const COMPRESSED = 1;
const ENCODINGS = ["grpc-encoding", "connect-content-encoding"];

/** Compresses the answers of everything that `add` adds to the router with `DEFERRED_COMPRESSIONS`. */
export function addCompressed(router: ConnectRouter, add: () => void): void {
  const from = router.handlers.length;
  add();
  const added = router.handlers.splice(from);
  router.handlers.push(...added.map(compressing));
}

function compressing(handler: UniversalHandler): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const response = await handler(request);
    const { header, body } = response;
    if (header === undefined || body === undefined) return response;
    const ofWhole = named(header.get("content-encoding"));
    if (ofWhole !== undefined) return compressedResponse(request, { ...response, header }, await whole(body), ofWhole);
    const ofFrames = ENCODINGS.map((name) => named(header.get(name))).find((compression) => compression !== undefined);
    if (ofFrames === undefined) return response;
    // An endless stream would delay all work that begins after it.
    const begins = handler.method.methodKind === "unary" ? ahead : at;
    return { ...response, body: frames(request, body, ofFrames, begins) };
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}
/** Schedules the compression of bytes. */
type Begins = <T>(holder: MessageHolder | undefined, work: () => Promise<T>) => Promise<T>;
const ahead: Begins = (holder, work) => (holder === undefined ? work() : holder.ahead(work));
const at: Begins = (_, work) => work();
const named = (name: string | null): Compression | undefined =>
  COMPRESSIONS.find((compression) => compression.name === name);

/** Returns the response with this body, compressed. */
export async function compressedResponse(
  request: UniversalServerRequest,
  response: UniversalServerResponse & { readonly header: Headers },
  bytes: Uint8Array,
  compression: Compression,
): Promise<UniversalServerResponse> {
  const small = await inTurn(request, compression, bytes, ahead);
  response.header.set("content-encoding", compression.name);
  response.header.set("content-length", String(small.length));
  return { ...response, body: singleChunk(small) };
}

/** Connect yields a frame at a time. */
async function* frames(
  request: UniversalServerRequest,
  body: AsyncIterable<Uint8Array>,
  compression: Compression,
  begins: Begins,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    const [flags = 0] = chunk;
    if ((flags & COMPRESSED) === 0) yield chunk;
    else {
      const compressed = frame(await inTurn(request, compression, chunk.subarray(PREFIX_BYTES), begins));
      compressed[0] = flags;
      yield compressed;
    }
  }
}

/**
 * Compresses bytes in turn. Waiting bytes count as pending, and are released if the request is abandoned.
 *
 * @throws ConnectError if the client has disconnected
 */
async function inTurn(
  { contextValues, signal }: UniversalServerRequest,
  compression: Compression,
  bytes: Uint8Array,
  begins: Begins,
): Promise<Uint8Array> {
  const holder = contextValues?.get(HOLDER);
  const { length } = bytes;
  let waiting: Uint8Array | undefined = bytes;
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const onAbort = (): void => {
    waiting = undefined;
    reject(new ConnectError("the client has gone", Code.Canceled));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  holder?.hold(length);
  if (signal.aborted) onAbort();
  else {
    const owner = ownerOf(holder);
    const compressed = begins(holder, () => compress(owner, compression, length, () => waiting));
    compressed.then((small) => (small === undefined ? onAbort() : resolve(small)), reject);
  }
  try {
    return await promise;
  } finally {
    waiting = undefined;
    signal.removeEventListener("abort", onAbort);
    holder?.letGo(length);
  }
}

export async function whole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
export async function* singleChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
