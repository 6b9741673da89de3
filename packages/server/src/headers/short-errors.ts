// Shortens the errors of Connect's adapter for malformed requests. The adapter quotes the client without bound, and
// reports some of the client's faults as the server's.
import { Code, ConnectError, type ConnectRouter, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { shortened } from "@protobff/runtime/internal/compose/short-text";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import { REACHED } from "@protobff/runtime/internal/endpoint/context-keys";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { AUTHENTICATE, CHALLENGE, UNAUTHORIZED } from "./challenge.ts";

/** Returns the error with a bounded message. */
export function shortError(error: ConnectError): ConnectError {
  const { rawMessage, code, metadata } = error;
  const message = shortened(rawMessage).toWellFormed();
  return message === rawMessage ? error : stackless(message, code, metadata);
}

/** Headers that Connect quotes if it does not recognize their value. */
const QUOTED = ["grpc-timeout", "connect-timeout-ms", "grpc-encoding", "content-encoding", "connect-content-encoding"];
/** More than any value that has a meaning. */
const MOST_VALUE = 100;
const COMPRESSED = 0x01;
const MOST_ERROR_BYTES = 64 << 20;

/** Shortens the errors of all handlers in the router. */
export function withShortErrors(router: ConnectRouter): void {
  const all = router.handlers.splice(0);
  router.handlers.push(...all.map(polite));
}

function polite(handler: UniversalHandler): UniversalHandler {
  const serve = async (request: UniversalServerRequest): Promise<UniversalServerResponse> => {
    const isGet = request.method === "GET" && handler.allowedMethods.includes("GET");
    for (const name of QUOTED) {
      const value = request.header.get(name);
      if (value !== null && value.length > MOST_VALUE) request.header.set(name, `${value.slice(0, MOST_VALUE)}...`);
    }
    const wrong = isGet ? errorOfQuery(request.url) : undefined;
    const contextValues = request.contextValues ?? createContextValues();
    const response = wrong === undefined ? await handler({ ...request, contextValues }) : refused(wrong);
    const header = response.header ?? new Headers();
    // A cache may store answers to GET, and does not distinguish callers.
    if (request.method === "GET" && !header.has("cache-control")) header.set("cache-control", "no-store");
    if (response.status === UNAUTHORIZED && !header.has(AUTHENTICATE)) header.set(AUTHENTICATE, CHALLENGE);
    return shortenedResponse({ ...response, header }, () => contextValues.get(REACHED));
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

// ---- Connect's GET ----

function errorOfQuery(url: string): ConnectError | undefined {
  const compression = new URL(url).searchParams.get("compression");
  if (compression !== null && compression.length > MOST_VALUE)
    return new ConnectError(`unknown compression "${compression.slice(0, MOST_VALUE)}..."`, Code.Unimplemented);
  return undefined;
}

function refused(error: ConnectError): UniversalServerResponse {
  const body = errorToJsonBytes(error, undefined);
  const header = new Headers({ "content-type": "application/json", "content-length": String(body.length) });
  return { status: codeToHttpStatus(error.code), header, body: singleChunk(body) };
}

// ---- responses ----

/** @param ours whether the request reached the endpoint */
async function shortenedResponse(
  response: UniversalServerResponse,
  ours: () => boolean,
): Promise<UniversalServerResponse> {
  const { header, trailer, body, status } = response;
  if (header === undefined || body === undefined) return response;
  const type = header.get("content-type") ?? "";
  if (status !== 200) {
    if (type !== "application/json" || ours()) return response;
    const [code, bytes] = shortenedJson(await plain(await all(body), header.get("content-encoding")));
    header.delete("content-encoding");
    header.set("content-length", String(bytes.length));
    return { ...response, status: code === undefined ? status : codeToHttpStatus(code), body: singleChunk(bytes) };
  }
  const encoding = header.get("grpc-encoding") ?? header.get("connect-content-encoding");
  const end = endOf(type);
  if (end !== undefined) return { ...response, body: ends(body, end, encoding, ours) };
  if (type.startsWith("application/grpc") && trailer !== undefined)
    return { ...response, body: before(body, () => ours() || shortenTrailer(trailer)) };
  return response;
}

/** True for Connect's error about bytes that are no message of the type: the client's fault, as in JSON. */
const isUnreadable = (code: unknown, message: string): boolean =>
  (code === "internal" || code === "13") && message.startsWith("parse binary: ");

function shortenTrailer(trailer: Headers): void {
  const encoded = trailer.get("grpc-message") ?? "";
  let message: string;
  try {
    message = decodeURIComponent(encoded);
  } catch {
    message = encoded;
  }
  if (isUnreadable(trailer.get("grpc-status"), message)) trailer.set("grpc-status", String(Code.InvalidArgument));
  const short = shortened(message).toWellFormed();
  if (short !== message) trailer.set("grpc-message", encodeURIComponent(short));
}

interface ErrorJson {
  code?: unknown;
  message?: unknown;
}
/** @returns the code, if it has changed */
function shortenedJson(bytes: Uint8Array): [Code | undefined, Uint8Array] {
  const error = JSON.parse(Buffer.from(bytes).toString()) as ErrorJson;
  const code = shortenJson(error);
  return [code, Buffer.from(JSON.stringify(error))];
}
function shortenJson(error: ErrorJson): Code | undefined {
  if (typeof error.message !== "string") return undefined;
  const unreadable = isUnreadable(error.code, error.message);
  error.message = shortened(error.message);
  if (unreadable) error.code = "invalid_argument";
  return unreadable ? Code.InvalidArgument : undefined;
}
function connectEnd(bytes: Uint8Array): Uint8Array {
  const end = JSON.parse(Buffer.from(bytes).toString()) as { error?: ErrorJson };
  if (end.error !== undefined) shortenJson(end.error);
  return Buffer.from(JSON.stringify(end));
}

function webTrailer(bytes: Uint8Array): Uint8Array {
  const lines = new Headers();
  for (const line of Buffer.from(bytes).toString("latin1").split("\r\n")) {
    const at = line.indexOf(":");
    if (at > 0) lines.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  if (!lines.has("grpc-message")) return bytes;
  shortenTrailer(lines);
  return Buffer.from([...lines].map(([name, value]) => `${name}: ${value}\r\n`).join(""), "latin1");
}

/** The last frame of a body: its flag, and the function that changes it. */
interface End {
  readonly flag: number;
  readonly change: (bytes: Uint8Array) => Uint8Array;
}
const WEB: End = { flag: 0x80, change: webTrailer };
const CONNECT: End = { flag: 0x02, change: connectEnd };

function endOf(type: string): End | undefined {
  if (type.startsWith("application/grpc-web")) return WEB;
  return type.startsWith("application/connect+") ? CONNECT : undefined;
}

/** Connect yields a frame at a time. */
async function* ends(
  body: AsyncIterable<Uint8Array>,
  { flag, change }: End,
  encoding: string | null,
  ours: () => boolean,
): AsyncGenerator<Uint8Array> {
  for await (const frame of body) {
    const flags = frame[0] ?? 0;
    if ((flags & flag) === 0 || ours()) {
      yield frame;
      continue;
    }
    const bytes = frame.subarray(PREFIX_BYTES);
    const changed = change((flags & COMPRESSED) === 0 ? bytes : await plain(bytes, encoding));
    const out = Buffer.alloc(PREFIX_BYTES + changed.length);
    out[0] = flags & ~COMPRESSED;
    out.writeUInt32BE(changed.length, 1);
    out.set(changed, PREFIX_BYTES);
    yield out;
  }
}
async function* before(body: AsyncIterable<Uint8Array>, end: () => unknown): AsyncGenerator<Uint8Array> {
  yield* body;
  end();
}
async function* singleChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
async function all(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function plain(bytes: Uint8Array, encoding: string | null): Promise<Uint8Array> {
  const compression = COMPRESSIONS.find(({ name }) => name === encoding);
  return compression === undefined ? bytes : compression.decompress(bytes, MOST_ERROR_BYTES);
}
