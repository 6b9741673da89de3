import { NOWHERE, type Peer } from "@protobff/runtime/internal/identity/incoming-request";

/** The client of a request to the program. */
export interface BffPeer {
  /** IP address of the client. */
  readonly address: string;
  /** URI and DNS names of the client's verified certificate. Default: none. */
  readonly certificate?: readonly string[];
}

/** @param peer undefined: no source of callers counts that depends on the client's address or certificate */
export function peerOf(peer: BffPeer | undefined): Peer {
  if (peer === undefined) return NOWHERE;
  const { address, certificate: names = [] } = peer;
  return { address, direct: address, names };
}
