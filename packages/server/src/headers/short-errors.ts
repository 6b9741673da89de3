// Completes the errors of Connect's adapter with details, and shortens those for malformed requests. The adapter quotes
// the client without bound, and reports some of the client's faults as the server's.
import { Code, ConnectError, type ConnectRouter, createContextValues } from "@connectrpc/connect";
import type {
  Compression,
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { codeFromString, codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { shortened } from "@protobff/runtime/internal/compose/short-text";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import { REACHED } from "@protobff/runtime/internal/endpoint/context-keys";
import { errorInfo } from "@protobff/runtime/internal/error-info";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { statusDetails } from "@protobff/runtime/internal/wire/status-detail";
import { AUTHENTICATE, CHALLENGE, UNAUTHORIZED } from "./challenge.ts";
import { allDetails } from "./error-details.ts";
import { withStatus } from "./grpc-status.ts";

/** Returns the error with a bounded message. */
export function shortError(error: ConnectError): ConnectError {
  const { rawMessage, code, metadata } = error;
  const message = shortened(rawMessage).toWellFormed();
  if (message === rawMessage) return error;
  const short = stackless(message, code, metadata);
  short.details = error.details;
  return short;
}

/** Headers that Connect quotes if it does not recognize their value. */
const QUOTED = ["grpc-timeout", "connect-timeout-ms", "grpc-encoding", "content-encoding", "connect-content-encoding"];
/** More than any value that has a meaning. */
const MAX_VALUE_CHARACTERS = 100;
const COMPRESSED = 0x01;
const MAX_ERROR_BYTES = 64 << 20;

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
      if (value !== null && value.length > MAX_VALUE_CHARACTERS)
        request.header.set(name, `${value.slice(0, MAX_VALUE_CHARACTERS)}...`);
    }
    const wrong = isGet ? errorOfQuery(request.url) : undefined;
    const contextValues = request.contextValues ?? createContextValues();
    const response = wrong === undefined ? await handler({ ...request, contextValues }) : refused(wrong);
    const header = response.header ?? new Headers();
    // A cache may store answers to GET, and does not distinguish callers.
    if (request.method === "GET" && !header.has("cache-control")) header.set("cache-control", "no-store");
    if (response.status === UNAUTHORIZED && !header.has(AUTHENTICATE)) header.set(AUTHENTICATE, CHALLENGE);
    const requestId = request.header.get(REQUEST_ID) ?? undefined;
    return completeResponse({ ...response, header }, { ours: () => contextValues.get(REACHED), requestId });
  };
  // Connect reads the handler's own properties, `requestPath` for example.
  return Object.assign(serve, handler);
}

// ---- Connect's GET ----

function errorOfQuery(url: string): ConnectError | undefined {
  const compression = new URL(url).searchParams.get("compression");
  if (compression !== null && compression.length > MAX_VALUE_CHARACTERS)
    return new ConnectError(
      `unknown compression "${compression.slice(0, MAX_VALUE_CHARACTERS)}..."`,
      Code.Unimplemented,
    );
  return undefined;
}

function refused(error: ConnectError): UniversalServerResponse {
  const body = errorToJsonBytes(error, undefined);
  const header = new Headers({ "content-type": "application/json", "content-length": String(body.length) });
  return { status: codeToHttpStatus(error.code), header, body: singleChunk(body) };
}

// ---- responses ----

interface ErrorContext {
  /** Returns true if the request reached the endpoint. */
  readonly ours: () => boolean;
  readonly requestId: string | undefined;
}

/** Returns the response with all details of its error. Texts of Connect are shortened. */
async function completeResponse(
  response: UniversalServerResponse,
  context: ErrorContext,
): Promise<UniversalServerResponse> {
  const { header, trailer, body, status } = response;
  if (header === undefined || body === undefined) return response;
  const type = header.get("content-type") ?? "";
  if (status !== 200) {
    if (type !== "application/json") return response;
    const compression = compressionOf(header.get("content-encoding"));
    const [code, complete] = completeJson(await plain(await all(body), compression), context);
    const bytes = compression === undefined ? complete : await compression.compress(complete);
    header.set("content-length", String(bytes.length));
    return { ...response, status: code === undefined ? status : codeToHttpStatus(code), body: singleChunk(bytes) };
  }
  const encoding = compressionOf(header.get("grpc-encoding") ?? header.get("connect-content-encoding"));
  const end = endOf(type);
  if (end !== undefined) return { ...response, body: ends(body, end, encoding, context) };
  if (type.startsWith("application/grpc") && trailer !== undefined)
    return { ...response, body: before(body, () => completeTrailer(trailer, context)) };
  return response;
}

/** True for Connect's error about bytes that are no message of the type: the client's fault, as in JSON. */
const isUnreadable = (code: unknown, message: string): boolean =>
  (code === "internal" || code === "13") && message.startsWith("parse binary: ");

function completeTrailer(trailer: Headers, { ours, requestId }: ErrorContext): void {
  const status = trailer.get("grpc-status");
  if (status === null || status === "0") return;
  const encoded = trailer.get("grpc-message") ?? "";
  let message: string;
  try {
    message = decodeURIComponent(encoded);
  } catch {
    message = encoded;
  }
  const unreadable = !ours() && isUnreadable(status, message);
  const short = ours() ? message : shortened(message).toWellFormed();
  const code = unreadable ? Code.InvalidArgument : Number(status);
  const bytes = Buffer.from(trailer.get(STATUS_DETAILS) ?? "", "base64");
  const sent = statusDetails(bytes);
  const details = ours() || sent.length > 0 ? sent : reasonsOf(message);
  const pairs = withStatus([], code, short, allDetails({ code, details }, requestId));
  for (let i = 0; i + 1 < pairs.length; i += 2) trailer.set(pairs[i] ?? "", pairs[i + 1] ?? "");
}
const STATUS_DETAILS = "grpc-status-details-bin";

interface ErrorJson {
  code?: unknown;
  message?: unknown;
  details?: readonly { readonly type: string; readonly value: string }[];
}
/** @returns the code, if it has changed */
function completeJson(bytes: Uint8Array, context: ErrorContext): [Code | undefined, Uint8Array] {
  const error = JSON.parse(Buffer.from(bytes).toString()) as ErrorJson;
  const code = completeErrorJson(error, context);
  return [code, Buffer.from(JSON.stringify(error))];
}
function completeErrorJson(error: ErrorJson, { ours, requestId }: ErrorContext): Code | undefined {
  const { message, details = [] } = error;
  const unreadable = !ours() && typeof message === "string" && isUnreadable(error.code, message);
  if (!ours() && typeof message === "string") error.message = shortened(message);
  if (unreadable) error.code = "invalid_argument";
  const code = codeFromString(String(error.code)) ?? Code.Unknown;
  const sent = details.map(({ type }) => ({ type, value: NO_BYTES }));
  const known = ours() || sent.length > 0 ? sent : reasonsOf(String(message));
  const missing = allDetails({ code, details: known }, requestId).slice(sent.length);
  const encoded = missing
    .filter((detail) => "type" in detail)
    .map(({ type, value }) => ({ type, value: base64(value) }));
  error.details = [...details, ...encoded];
  return unreadable ? Code.InvalidArgument : undefined;
}
const NO_BYTES = new Uint8Array();
/** Connect's errors about frames have codes that would have another reason. */
const reasonsOf = (message: string): ReturnType<typeof errorInfo>[] =>
  /^(?:protocol error: |received compressed envelope)/.test(message) ? [errorInfo("MALFORMED")] : [];
/** As in Connect's errors: without padding. */
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
function connectEnd(bytes: Uint8Array, context: ErrorContext): Uint8Array {
  const end = JSON.parse(Buffer.from(bytes).toString()) as { error?: ErrorJson };
  if (end.error !== undefined) completeErrorJson(end.error, context);
  return Buffer.from(JSON.stringify(end));
}

function webTrailer(bytes: Uint8Array, context: ErrorContext): Uint8Array {
  const lines = new Headers();
  for (const line of Buffer.from(bytes).toString("latin1").split("\r\n")) {
    const at = line.indexOf(":");
    if (at > 0) lines.append(line.slice(0, at), line.slice(at + 1).trim());
  }
  completeTrailer(lines, context);
  return Buffer.from([...lines].map(([name, value]) => `${name}: ${value}\r\n`).join(""), "latin1");
}

/** The last frame of a body: its flag, and the function that changes it. */
interface End {
  readonly flag: number;
  readonly change: (bytes: Uint8Array, context: ErrorContext) => Uint8Array;
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
  encoding: Compression | undefined,
  context: ErrorContext,
): AsyncGenerator<Uint8Array> {
  for await (const frame of body) {
    const flags = frame[0] ?? 0;
    if ((flags & flag) === 0) {
      yield frame;
      continue;
    }
    const bytes = frame.subarray(PREFIX_BYTES);
    const changed = change((flags & COMPRESSED) === 0 ? bytes : await plain(bytes, encoding), context);
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
const compressionOf = (encoding: string | null): Compression | undefined =>
  COMPRESSIONS.find(({ name }) => name === encoding);
async function plain(bytes: Uint8Array, compression: Compression | undefined): Promise<Uint8Array> {
  return compression === undefined ? bytes : compression.decompress(bytes, MAX_ERROR_BYTES);
}
