// Rules for names and values of headers over HTTP/2 (RFC 9113, 8.2), and for hosts over both versions.
import type { Stream } from "./connection.ts";

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Headers of connections, which only HTTP/1 has (RFC 9113, 8.2.2). */
const OF_CONNECTIONS = new Set(["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"]);
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TAB = 0x09;
const SPACE = 0x20;

/** Names that nearly all requests have, which need no test by a regular expression. */
const USUAL = new Set(
  (
    "accept accept-encoding authorization connect-protocol-version connect-timeout-ms content-length content-type cookie grpc-accept-encoding " +
    "grpc-encoding grpc-timeout origin te traceparent tracestate user-agent x-forwarded-for x-request-id"
  ).split(" "),
);

/** Returns true if a header may have this name. Names of pseudo-headers are excluded. */
export const isFieldName = (name: string): boolean => USUAL.has(name) || (NAME.test(name) && !OF_CONNECTIONS.has(name));

const isSpace = (code: number): boolean => code === SPACE || code === TAB;
/** Returns true if a header of a request may have this value. */
export function isFieldValue(value: string): boolean {
  if (value === "") return true;
  if (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))) return false;
  return VALUE.test(value);
}

/** Reports whether a text is a content-length (RFC 9110, 8.6) of at most 15 digits. */
export const isContentLength = (value: string): boolean => /^\d{1,15}$/.test(value);

/** Reports a body whose length differs from its content-length; undefined: no difference. */
export function wrongLength(
  { contentLength, received }: Pick<Stream<object>, "contentLength" | "received">,
  ended: boolean,
): string | undefined {
  if (contentLength === undefined || (ended ? received === contentLength : received <= contentLength)) return undefined;
  return `${received} bytes in place of ${contentLength}`;
}

const AUTHORITY = /^[\w\-.~!$&'()*+,;=:[\]%]*$/;
/** Returns true if the value has only characters of a host and a port, and no user (RFC 9110, 4.2.4 and 7.2). */
export const isAuthority = (value: string): boolean => AUTHORITY.test(value);
