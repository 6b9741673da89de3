import { constants } from "node:crypto";
import type * as tls from "node:tls";
import { ACCEPTED } from "./connections.ts";

/** Certificate of a server, and the authorities of its clients, as PEM. */
export interface ServerTls {
  readonly cert: Buffer | string;
  readonly key: Buffer | string;
  readonly clientCa?: Buffer | string;
}

/** HTTP/2 forbids renegotiation (RFC 9113, 9.2.1), which TLS 1.2 has. HTTP/1.1 does not need it. */
const OPTIONS = { secureOptions: constants.SSL_OP_NO_RENEGOTIATION } as const;

/** Loads `node:tls`, which other servers do not need. */
export function tlsServer(
  { cert, key, clientCa: ca }: ServerTls,
  handshakeTimeout: number,
  speak: (socket: tls.TLSSocket, protocol: "h1" | "h2") => void,
): tls.Server {
  const { createServer } = process.getBuiltinModule("node:tls");
  // A client certificate that no authority has signed counts as none.
  const clients = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: false };
  const protocols = { ALPNProtocols: ["h2", "http/1.1"], handshakeTimeout };
  const server = createServer({ ...ACCEPTED, ...protocols, ...clients, ...OPTIONS, cert, key }, (socket) =>
    speak(socket, socket.alpnProtocol === "h2" ? "h2" : "h1"),
  );
  return server.on("tlsClientError", (_, socket) => socket.destroy());
}

/** @throws for invalid certificates; the previous ones stay */
export function renewCertificates(server: object, { cert, key, clientCa: ca }: ServerTls): void {
  const context = { ...OPTIONS, cert, key, ...(ca !== undefined && { ca }) };
  (server as Partial<tls.Server>).setSecureContext?.(context);
}
