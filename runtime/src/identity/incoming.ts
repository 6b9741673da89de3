// Identity: who is calling, as far as a request proves it. What a request presents is judged once, before its message is read; the rest
// of the process finds the caller and no credential. It knows neither compositions nor calls nor the server.

/** Incoming headers; fetch's `Headers` is one. Names are lower-case; several values of a name are joined with ", ". */
export interface IncomingHeaders {
  get(name: string): string | null;
}

/** A request that nobody has judged yet. */
export interface Incoming extends IncomingHeaders {
  /** Every value of a header as it came, one for each line: node joins some, and drops others. */
  all(name: string): readonly string[];
  readonly peer: Peer;
}

/** Where a request comes from. */
export interface Peer {
  /** IP address of the client: of the connection, or behind BFF_TRUSTED_PROXIES what these say; "" where it is not known. */
  readonly address: string;
  /** IP address of the connection's other end; "" where it is not known. */
  readonly direct: string;
  /** URI and DNS names of the client's certificate, where an authority of TLS_CLIENT_CA_FILE vouches for it; else none. */
  readonly names: readonly string[];
}

export const NOWHERE: Peer = { address: "", direct: "", names: [] };

/** What is known of a request that comes through a server of somebody else's: its headers, and not who sent it. */
export function incomingOf(headers: IncomingHeaders): Incoming {
  if ("all" in headers && "peer" in headers) return headers as Incoming;
  const all = (name: string): readonly string[] => {
    const value = headers.get(name);
    return value === null ? [] : [value];
  };
  return { get: (name) => headers.get(name), all, peer: NOWHERE };
}
