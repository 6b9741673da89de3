import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import {
  connectError,
  type ErrorDetail,
  PUSHBACK,
  pushbackOf,
} from "@protobff/runtime/internal/endpoint/connect-error";
import { Failure } from "@protobff/runtime/internal/failure";
import { encodeGrpcMessage } from "@protobff/runtime/internal/routes/grpc-message";
import {
  fieldOf,
  fieldSize,
  varintSize,
  writeField,
  writeFieldHead,
  writeVarint,
} from "@protobff/runtime/internal/wire/small-message";
import { type Trailers, trailersOf } from "../carrier/trailers.ts";

interface EncodedDetail {
  readonly type: string;
  readonly value: Uint8Array;
}

/** Connect's own would be found among what it does not pass on. */
const RESERVED = /^(?:grpc-retry-pushback-ms|retry-after|x-[a-z0-9-]+)$/;

/** Returns the trailers of an error. */
export const statusTrailers = (error: ConnectError | Failure): Trailers =>
  trailersOf(statusPairs(error, error.details));

/**
 * Returns names and values of an error's trailers in turn: the result of Connect's `setTrailerStatus` at a fifth of its
 * cost, except for the encoding of the text. Most errors of a server under attack have this form. A failure becomes no ConnectError, which would cost more
 * than its trailers.
 *
 * @param all details, in place of the error's own
 */
export function statusPairs(error: ConnectError | Failure, all: readonly ErrorDetail[]): readonly string[] {
  const details = all.filter((detail) => "type" in detail);
  if (error instanceof Failure) {
    if (details.length < all.length) return statusPairs(connectError(error), all);
    const pushback = pushbackOf(error);
    const pairs = pushback === undefined ? [] : [PUSHBACK, pushback];
    return withStatus(pairs, error.clientCode, error.clientMessage, details);
  }
  const pairs: string[] = [];
  let ordinary = details.length === all.length && !("isWireError" in error && error.isWireError === true);
  for (const [name, value] of error.metadata) {
    if (RESERVED.test(name)) pairs.push(name, value);
    else ordinary = false;
  }
  if (ordinary) return withStatus(pairs, error.code, error.rawMessage, details);
  const trailers = setTrailerStatus(new Headers(), Object.create(error, { details: { value: all } }));
  trailers.set("grpc-message", encodeGrpcMessage(error.rawMessage));
  return [...trailers].flat();
}

/** Adds the trailers of a status to names and values in turn. */
export function withStatus(pairs: string[], code: number, message: string, all: readonly ErrorDetail[]): string[] {
  const details = all.filter((detail) => "type" in detail);
  pairs.push("grpc-status", String(code), "grpc-message", encodeGrpcMessage(message));
  if (details.length > 0) pairs.push("grpc-status-details-bin", encoded(code, message, details));
  return pairs;
}

const CODE_TAG = 0x08;
/** Fields of google.rpc.Status and google.protobuf.Any. */
const FIELD = { message: 2, details: 3, url: 1, value: 2 };

/** Returns a google.rpc.Status, in base64 without padding. */
function encoded(code: number, rawMessage: string, details: readonly EncodedDetail[]): string {
  const text = Buffer.from(rawMessage);
  let size = 1 + varintSize(code) + (text.length === 0 ? 0 : fieldSize(text.length));
  for (const detail of details) size += fieldSize(anySize(detail));
  const out = Buffer.allocUnsafe(size);
  out[0] = CODE_TAG;
  let at = writeVarint(out, 1, code);
  if (text.length > 0) at = writeField(out, at, FIELD.message, text);
  for (const detail of details) {
    at = writeFieldHead(out, at, FIELD.details, anySize(detail));
    const url = urlOf(detail.type);
    out.set(url, at);
    at += url.length;
    if (detail.value.length > 0) at = writeField(out, at, FIELD.value, detail.value);
  }
  const base64 = out.toString("base64");
  return base64.slice(0, base64.length - ((3 - (size % 3)) % 3));
}
const anySize = ({ type, value }: EncodedDetail): number =>
  urlOf(type).length + (value.length === 0 ? 0 : fieldSize(value.length));

/** Types of details are few, unless upstreams invent them. */
const MAX_URLS = 100;
const urls = new Map<string, Uint8Array>();
/** Returns the encoded field `type_url`. */
function urlOf(type: string): Uint8Array {
  const known = urls.get(type);
  if (known !== undefined) return known;
  const url = fieldOf(FIELD.url, Buffer.from(`type.googleapis.com/${type}`));
  if (urls.size < MAX_URLS) urls.set(type, url);
  return url;
}
