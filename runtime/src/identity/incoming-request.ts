// Identity: the caller, as far as a request proves it. The credentials of a request are verified once, before its
// message is read. The rest of the process receives the caller and no credential. Identity depends neither on
// compositions nor on calls nor on the server.

/** Incoming headers; fetch's `Headers` is one. Names are lower-case; several values of a name are joined with ", ". */
export interface IncomingHeaders {
  get(name: string): string | null;
}

/** A request that is not authenticated yet. */
export interface Incoming extends IncomingHeaders {
  /** Every value of a header as it came, one for each line: node joins some, and drops others. */
  all(name: string): readonly string[];
  readonly peer: Peer;
  /** URL of the protected resource to which the request came (RFC 8707), an audience besides those of its source. */
  readonly resource?: string | undefined;
}

/** The client of a request. */
export interface Peer {
  /**
   * IP address of the client: of the connection, or behind BFF_TRUSTED_PROXIES the one that the proxies report. "" if
   * it is unknown.
   */
  readonly address: string;
  /** IP address of the connection's other end; "" if it is unknown. */
  readonly direct: string;
  /** URI and DNS names of the client's certificate. Empty unless an authority of TLS_CLIENT_CA_FILE vouches for it. */
  readonly names: readonly string[];
}

export const NOWHERE: Peer = { address: "", direct: "", names: [] };

/**
 * Returns the request for headers that come from another server. Its peer is unknown.
 *
 * @example
 * incomingOf(new Headers({ cookie: "a=1" })).all("cookie"); // ["a=1"]
 */
export function incomingOf(headers: IncomingHeaders): Incoming {
  if ("all" in headers && "peer" in headers) return headers as Incoming;
  const all = (name: string): readonly string[] => {
    const value = headers.get(name);
    return value === null ? [] : [value];
  };
  return { get: (name) => headers.get(name), all, peer: NOWHERE };
}
