import type { TLSSocket } from "node:tls";

/** True for a TLS socket. It needs no `node:tls`, which a server without TLS does not load. */
export const isTls = (socket: object | undefined): socket is TLSSocket => socket !== undefined && "encrypted" in socket;
