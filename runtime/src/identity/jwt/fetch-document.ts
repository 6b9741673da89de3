/** The response of an issuer. */
export interface IssuerDocument {
  readonly text: string;
  /** The header of that name. */
  readonly cacheControl: string | undefined;
}

/**
 * Fetches a document by GET.
 *
 * @param signal aborts the fetch
 * @throws Error whose message describes the problem, without the address
 */
export type FetchDocument = (address: string, signal: AbortSignal) => Promise<IssuerDocument>;

/** Maximum document size, in bytes. */
export const MAX_DOCUMENT_BYTES = 256 * 1024;

/**
 * Fetches over HTTP/1.1 and a separate connection. Redirects are not followed, because the address of keys is ours to
 * choose.
 */
export const fetchDocument: FetchDocument = (address, signal) =>
  new Promise((resolve, reject) => {
    const { request } = process.getBuiltinModule(address.startsWith("https:") ? "node:https" : "node:http");
    const headers = { accept: "application/json", "accept-encoding": "identity" };
    const outgoing = request(address, { agent: false, signal, headers }, (response) => {
      const { statusCode, headers } = response;
      const end = (error: Error): void => {
        response.destroy();
        reject(error);
      };
      if (statusCode !== 200) return end(new Error(`answers with status ${statusCode}`));
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > MAX_DOCUMENT_BYTES) end(new Error(`answers with more than ${MAX_DOCUMENT_BYTES} bytes`));
        else pieces.push(piece);
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ text: Buffer.concat(pieces).toString(), cacheControl: headers["cache-control"] }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end();
  });

/**
 * Reports whether keys may come from an address: over TLS, or from loopback. A process that listens on loopback has
 * taken over this machine anyway. The address may have only scheme, host, port, path and query.
 */
export function isTrustworthy(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== "" || url.password !== "" || address.includes("#")) return false;
  return url.protocol === "https:" || isLoopback(address);
}

/** Reports whether an address has no TLS and is on this machine. */
export function isLoopback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}
