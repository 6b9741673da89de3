import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** The answer of an issuer. */
export interface IssuerDocument {
  readonly text: string;
  /** The header of that name. */
  readonly cacheControl: string | undefined;
}

/**
 * Fetches a document by GET.
 *
 * @param signal gives up
 * @throws Error whose message says what is wrong, without the address
 */
export type FetchDocument = (address: string, signal: AbortSignal) => Promise<IssuerDocument>;

/** The largest document that is read. */
export const MAX_DOCUMENT_BYTES = 256 * 1024;

/** Over HTTP/1.1 and a connection of its own. Redirects are not followed: the address of keys is ours to choose. */
export const fetchDocument: FetchDocument = (address, signal) =>
  new Promise((resolve, reject) => {
    const request = address.startsWith("https:") ? requestHttps : requestHttp;
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
 * Whether keys may come from an address: over TLS, or from this machine, which whoever listens on loopback of it has taken over anyway.
 * Nothing but scheme, host, port, path and query.
 */
export function isTrustworthy(address: string): boolean {
  const url = URL.parse(address);
  if (url === null || url.username !== "" || url.password !== "" || address.includes("#")) return false;
  return url.protocol === "https:" || isLoopback(address);
}

/** Without TLS, and from this machine. */
export function isLoopback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}
