import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { Socket } from "node:net";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Incoming, Peer } from "@protobff/runtime/internal/identity/incoming-request";
import { NOWHERE } from "@protobff/runtime/internal/identity/incoming-request";
import {
  clientAddress,
  type Networks,
  plainAddress,
  TRUSTED_PROXIES,
} from "@protobff/runtime/internal/identity/network/networks";
import { type CarrierConnection, connectionOf, isTls, type RemoteEnd } from "../carrier/carrier.ts";
import { certificateNames } from "./certificate-names.ts";

/** The header by which proxies name the clients that they serve. */
export const FORWARDED_FOR = "x-forwarded-for";

/** Data of a connection that stays valid for its lifetime. */
interface Connection {
  readonly peer: Peer;
  /** End of the certificate of the names, in milliseconds of the wall clock. */
  readonly until: number;
}

/** Determines the origin of requests: address and certificate names. */
export class Peers {
  readonly #proxies: Networks | undefined;
  readonly #known = new WeakMap<object, Connection>();

  readonly #fault: ServerFault | undefined;
  #reported = false;

  /** @param proxies whose `x-forwarded-for` is believed */
  constructor(proxies: Networks | undefined, fault?: ServerFault) {
    this.#proxies = proxies;
    this.#fault = fault;
  }

  /** @param connection the socket, or the session of HTTP/2, that a request has come by */
  of(connection: Socket | CarrierConnection | undefined, forwardedFor: () => readonly string[]): Peer {
    if (connection === undefined) return NOWHERE;
    if ("peer" in connection && connection.peer !== undefined) return connection.peer;
    let known = this.#known.get(connection);
    if (known === undefined) {
      known = connected("socket" in connection ? connection.socket : connection);
      this.#known.set(connection, known);
    }
    const { peer, until } = known;
    const names = peer.names.length > 0 && Date.now() >= until ? [] : peer.names;
    if (!this.#reported && this.#proxies?.has(peer.direct) !== true && forwardedFor().length > 0)
      this.#report(peer.direct);
    if (this.#proxies === undefined) return names === peer.names ? peer : { ...peer, names };
    return { address: clientAddress(peer.direct, forwardedFor(), this.#proxies), direct: peer.direct, names };
  }
  /** Once: a proxy in front that is not listed makes all its clients one. */
  #report(direct: string): void {
    this.#reported = true;
    const clients = "all clients behind it count as one";
    this.#fault?.(
      `ignored ${FORWARDED_FOR} from ${direct}, so ${clients}: list the proxy in ${TRUSTED_PROXIES}`,
      undefined,
    );
  }
}

function connected(socket: RemoteEnd | undefined): Connection {
  const direct = plainAddress(socket?.remoteAddress ?? "");
  // The socket proxy of an HTTP/2 session supports `instanceof`, but not `in`.
  const vouchedFor = isTls(socket) && socket.authorized;
  const certificate = vouchedFor ? socket.getPeerX509Certificate() : undefined;
  const names = certificate === undefined ? [] : certificateNames(certificate.subjectAltName ?? "");
  return { peer: { address: direct, direct, names }, until: certificate?.validToDate.getTime() ?? 0 };
}

/** Returns every value of a header as node has read it, from names and values in turn. */
export function valuesOf(raw: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const found = raw[i] ?? "";
    if (found.length === name.length && found.toLowerCase() === name) values.push(raw[i + 1] ?? "");
  }
  return values;
}

/** A request that Connect's adapter serves, or a source's route. */
export class NodeIncoming implements Incoming {
  readonly #request: http.IncomingMessage | http2.Http2ServerRequest;
  readonly #peers: Peers;
  #peer: Peer | undefined;

  constructor(request: http.IncomingMessage | http2.Http2ServerRequest, peers: Peers) {
    this.#request = request;
    this.#peers = peers;
  }
  /** As node has them. */
  get incoming(): http.IncomingHttpHeaders {
    return this.#request.headers;
  }
  get(name: string): string | null {
    return joined(this.#request.headers, name);
  }
  all(name: string): readonly string[] {
    return this.#request.headers[name] === undefined ? [] : valuesOf(this.#request.rawHeaders, name);
  }
  get peer(): Peer {
    const request = this.#request;
    const connection = "stream" in request ? connectionOf(request.stream) : request.socket;
    this.#peer ??= this.#peers.of(connection, () => this.all(FORWARDED_FOR));
    return this.#peer;
  }
}

/** A header as `get` of `IncomingHeaders` gives it; HTTP/2's pseudo-headers are none. */
export function joined(headers: http.IncomingHttpHeaders, name: string): string | null {
  const value: unknown = headers[name];
  if (typeof value === "string") return name.startsWith(":") ? null : value;
  return Array.isArray(value) ? value.join(", ") : null;
}
