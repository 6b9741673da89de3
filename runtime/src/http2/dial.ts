import * as net from "node:net";
import type * as tls from "node:tls";

/** Time for each of several addresses, in milliseconds, before the next one is tried. */
const ADDRESS_MS = 1_000;
/** Time without a byte, in milliseconds, after which the kernel probes the other end of a connection for streams. */
export const KEEP_ALIVE_MS = 30_000;
const READ_BYTES = 1 << 16;

/**
 * Begins to connect.
 *
 * @param secureContext for `https:`
 * @param read receives data that is valid only until it returns: without TLS one buffer receives all data
 * @param ready called when the other end is connected and has negotiated HTTP/2 if TLS is used; a failure is an `error`
 * of the socket
 */
export function dial(
  url: URL,
  secureContext: tls.SecureContext | undefined,
  lookup: net.LookupFunction,
  read: (chunk: Buffer) => void,
  ready: () => void,
): net.Socket {
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const connection = {
    host,
    port: Number(url.port || (secure ? 443 : 80)),
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_MS,
    noDelay: true,
  };
  if (!secure) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (bytes: number): boolean => {
      read(buffer.subarray(0, bytes));
      return true;
    };
    return net.connect({ ...connection, onread: { buffer, callback } }, ready);
  }
  const socket = process.getBuiltinModule("node:tls").connect({
    ...connection,
    ...(secureContext !== undefined && { secureContext }),
    servername: net.isIP(host) === 0 ? host : "",
    ALPNProtocols: ["h2"],
  });
  return socket.on("data", read).once("secureConnect", () => {
    if (socket.alpnProtocol === "h2") ready();
    else socket.destroy(new Error("the peer does not support HTTP/2: no h2 in ALPN"));
  });
}
