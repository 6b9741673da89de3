import type { IncomingMessage } from "node:http";
import { isAuthority } from "@protobff/runtime/internal/http2";

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is;

/**
 * Returns true if a request of HTTP/1.1 has at most one host, and a valid one (RFC 9112, 3.2). Node reads the first of
 * several.
 */
export function hasValidHost({ rawHeaders, headers }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts <= 1 && isAuthority(headers.host ?? "");
}

/** Replaces an absolute target by its path, and the host by the target's own (RFC 9112, 3.2.2). */
export function useOriginForm(request: IncomingMessage): void {
  if (request.url === undefined || request.url.startsWith("/")) return;
  const [, host, path = ""] = ABSOLUTE.exec(request.url) ?? [];
  if (host === undefined) return;
  request.headers.host = host;
  request.url = path.startsWith("/") ? path : `/${path}`;
}
