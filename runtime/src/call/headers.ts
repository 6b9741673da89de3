import { clientFault, type Failure, invalid, Misfit } from "../failure.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";

/** Metadata of a call. Entries with "" and undefined are not sent; bytes are for names that end in `-bin`. */
export type Metadata = Readonly<Record<string, string | Uint8Array | undefined>>;

// Headers that describe one connection or one message. They would be wrong on the next one.
const HOP = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);
const isReserved = (name: string): boolean => name.startsWith(":") || name.startsWith("grpc-") || HOP.has(name);

const filtered = new WeakMap<readonly string[], readonly string[]>();

/**
 * Returns the names that may be passed on, lower-case. The same list object always results in the same array, by which
 * requests remember their headers.
 */
export function forwardable(names: readonly string[]): readonly string[] {
  let found = filtered.get(names);
  if (found === undefined) {
    found = names.map((name) => name.toLowerCase()).filter((name) => !isReserved(name));
    filtered.set(names, found);
  }
  return found;
}

const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^[\x20-\x7e]*$/;

/** Reports whether gRPC can carry this as a header's value. */
export function isSendable(value: string): boolean {
  return VALUE.test(value);
}

/** Headers that identify the caller. Only authentication sets them. */
const IDENTITY = new Set(["x-principal-bin", "x-principal-signed-bin", "x-forwarded-client-cert"]);

/**
 * Checks metadata that code creates at run time; declared metadata has already been checked.
 *
 * @param token whether the call sends the caller's own token
 * @throws Failure INVALID for a name that only the caller's identity may have
 */
export function checkNotIdentity(metadata: Metadata, token: boolean): void {
  for (const key of Object.keys(metadata)) {
    const name = key.toLowerCase();
    if (IDENTITY.has(name) || (token && name === CREDENTIALS))
      throw invalid("", `metadata ${name} must not be set, because it identifies the caller: use \`identify\``);
  }
}
const CREDENTIALS = "authorization";

/** Returns the client's fault for a header that it has sent and that cannot be passed on. */
export function unsendable(name: string): Failure {
  return clientFault(`the header ${name} has characters that cannot be passed on`);
}

/**
 * Adds metadata to forwarded headers; metadata takes precedence.
 *
 * @param from a header of the client that metadata may depend on, and that gRPC cannot carry
 * @throws Failure for a name or value that gRPC cannot carry: INVALID_ARGUMENT if that is the client's fault, else
 * INVALID
 */
export function withMetadata(
  headers: OutgoingHeaders | undefined,
  metadata: Metadata,
  from?: string,
): OutgoingHeaders | undefined {
  let merged: Record<string, string> | undefined;
  for (const [key, value] of Object.entries(metadata)) {
    if (value === undefined || value.length === 0) continue;
    const name = key.toLowerCase();
    const text = typeof value === "string" ? value : Buffer.from(value).toString("base64").replace(/=+$/, "");
    if (!NAME.test(name) || isReserved(name) || !isSendable(text)) {
      if (from !== undefined) throw unsendable(from);
      const misfit = new Misfit(`metadata ${key}`, "cannot be sent", "a header with characters that cannot be sent");
      throw invalid("", misfit.message, misfit);
    }
    merged ??= { ...headers };
    merged[name] = text;
  }
  return merged ?? headers;
}
