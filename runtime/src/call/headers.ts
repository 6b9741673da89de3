import { clientFault, type Failure, invalid, Misfit } from "../failure.ts";
import { AuthenticatedRequest } from "../identity/authenticated-request.ts";
import type { Identify } from "../identity/identify-kind.ts";
import { type IncomingHeaders, incomingOf, type Peer } from "../identity/incoming-request.ts";
import type { IdentityHeader } from "../identity/propagation/propagator.ts";
import type { OutgoingHeaders } from "../transport/call-headers.ts";
import { isRequestId, REQUEST_ID } from "./request-id.ts";

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
function isSendable(value: string): boolean {
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
function unsendable(name: string): Failure {
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

/** Headers of a request, and the headers of its calls that depend on them. */
export class RequestHeaders implements IncomingHeaders {
  /** The result of authentication. Credentials are read only from it. */
  readonly authentication: AuthenticatedRequest | undefined;
  /** True if this request is no retry: only the outermost party retries. */
  readonly mayRetry: boolean;
  /** Name of a header that an expression has read, and that gRPC cannot carry. */
  unsendable: string | undefined;
  readonly #incoming: IncomingHeaders;
  #forwarded: OutgoingHeaders | undefined;
  #forwardedFor: readonly string[] | undefined;
  #requestId: string | undefined;
  #identified: OutgoingHeaders | undefined;
  #identifiedFor: OutgoingHeaders | undefined;

  /** @param headers of a client, before or after authentication, or of the request that a fetch or an item is for */
  constructor(headers: IncomingHeaders) {
    this.#incoming = headers instanceof RequestHeaders ? headers.#incoming : headers;
    this.authentication = this.#incoming instanceof AuthenticatedRequest ? this.#incoming : undefined;
    this.mayRetry = !(Number(this.get("grpc-previous-rpc-attempts")) > 0);
  }
  /** Source of the request, as far as it is known. */
  get peer(): Peer {
    return this.authentication?.peer ?? incomingOf(this.#incoming).peer;
  }
  /** Id of the request; "" if it has none. */
  get requestId(): string {
    if (this.#requestId === undefined) {
      const id = this.get(REQUEST_ID) ?? "";
      this.#requestId = isRequestId(id) ? id : "";
    }
    return this.#requestId;
  }
  get(name: string): string | null {
    return this.#incoming.get(name);
  }
  /** Returns an incoming header by its lower-case name; "" when absent. */
  text(name: string): string {
    return name.endsWith("-bin") ? "" : (this.get(name) ?? "");
  }
  /** Returns the same header for use in an outgoing message. */
  textToSend(name: string): string {
    const value = this.text(name);
    if (!isSendable(value)) this.unsendable = name;
    return value;
  }
  /**
   * Returns the incoming headers of these names, to be passed on.
   *
   * @throws Failure (INVALID_ARGUMENT) for credentials that gRPC cannot carry
   */
  forwarded(names: readonly string[]): OutgoingHeaders | undefined {
    if (names === this.#forwardedFor) return this.#forwarded;
    let found: Record<string, string> | undefined;
    for (const name of names) {
      const value = this.get(name);
      if (value === null || value === "") continue;
      if (!isSendable(value)) {
        if (name === CREDENTIALS) throw unsendable(name); // without them the call would have another caller, or none
        continue;
      }
      found ??= {};
      found[name] = value;
    }
    this.#forwardedFor = names;
    this.#forwarded = found;
    return found;
  }
  /**
   * Returns the headers of a call with the request's id, if it has one. An id that the headers already contain takes
   * precedence.
   */
  identified(headers: OutgoingHeaders | undefined): OutgoingHeaders | undefined {
    // Most calls of a request have the same headers, or none.
    if (headers === this.#identifiedFor && this.#identified !== undefined) return this.#identified;
    if (this.requestId === "") return headers;
    this.#identifiedFor = headers;
    this.#identified = { [REQUEST_ID]: this.requestId, ...headers };
    return this.#identified;
  }
  /**
   * Returns the header that identifies the caller to a service; undefined if the caller is unknown or has no such
   * identity.
   *
   * @param service its full name
   */
  identityHeader(how: Identify, service: string): IdentityHeader | undefined {
    const { authentication } = this;
    return authentication?.caller && authentication.propagator?.header(authentication.caller, how, service);
  }
}
