// Parts of URLs (RFC 3986), named as in Kubernetes' CEL library, and percent-encoding.
import { ExpressionError } from "../value/error.ts";

interface Parts {
  readonly scheme: string;
  /** Includes the brackets of an IPv6 address. */
  readonly hostname: string;
  /** Includes its colon; "" without a port. */
  readonly port: string;
  readonly path: string;
  readonly query: string;
}

const URL =
  /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[\w.~!$&'()*+,;=:%-]*@)?(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=\u{80}-\u{10ffff}-]*)(:\d*)?((?:\/[^?#\s]*)?)(?:\?([^#\s]*))?(?:#\S*)?$/u;

function parse(text: string): Parts | undefined {
  const [, scheme, hostname = "", port = "", path = "", query = ""] = URL.exec(text) ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (scheme === undefined || /[\u0000-\u001f\u007f]|%(?![0-9A-Fa-f]{2})/.test(text.split("?")[0] ?? ""))
    return undefined;
  return { scheme: scheme.toLowerCase(), hostname, port, path, query };
}

function partsOf(text: string): Parts {
  const parts = parse(text);
  if (parts === undefined) throw new ExpressionError("not a URL with a scheme, as in https://example.org/");
  return parts;
}

/** True if the text is a URL with a scheme and //, whose parts can be read. */
export function isUrl(text: string): boolean {
  return parse(text) !== undefined;
}

/** Returns the scheme in lower case, without the colon. Throws ExpressionError for an invalid URL, as all others do. */
export function urlScheme(text: string): string {
  return partsOf(text).scheme;
}

/** Returns the host, with the port if there is one. */
export function urlHost(text: string): string {
  const { hostname, port } = partsOf(text);
  return hostname + port;
}

/** Returns the host without port, and without brackets around an IPv6 address. */
export function urlHostname(text: string): string {
  return partsOf(text).hostname.replace(/^\[|\]$/g, "");
}

/** Returns the digits of the port; "" without a port. */
export function urlPort(text: string): string {
  return partsOf(text).port.slice(1);
}

/** Returns the path as it is written, or encoded if necessary (as in Go's net/url). "" without a path. */
export function urlEscapedPath(text: string): string {
  const { path } = partsOf(text);
  if (/^[\w.~!$&'()*+,;=:@/%-]*$/.test(path)) return path;
  return (decoded(path) ?? path).replace(/[^\w.~$&+,;=:@/-]/gu, encodeUrl);
}

/** Returns decoded values by name, in their order. Badly encoded parts are left out. */
export function urlQuery(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const pair of partsOf(text).query.split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const [, name = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const [key, text] = [name, value].map((part) => decoded(part.replaceAll("+", " ")));
    if (key === undefined || text === undefined) continue;
    found.set(key, [...(found.get(key) ?? []), text]);
  }
  return found;
}

/** Percent-encoded but for letters, digits and -._~ (RFC 3986, "Unreserved Characters"). */
export function encodeUrl(text: string): string {
  const code = (sign: string) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, code);
}

/** Throws ExpressionError for a percent sign without two hexadecimal digits, and for bytes that are no UTF-8. */
export function decodeUrl(text: string): string {
  const result = decoded(text);
  if (result === undefined) throw new ExpressionError("not percent-encoded");
  return result;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
