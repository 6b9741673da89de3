/** Plain meanings of OpenSSL error codes, each the most frequent cause. */
const TLS_MEANS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: "is there TLS at this port?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "is there TLS at this port?",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "it does not support HTTP/2",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "it wants a client certificate",
};

/**
 * Returns the reason why a connection has ended, for logs.
 *
 * @param started true if the other end has sent HTTP/2; before that the address is mostly wrong
 */
export function errorText(error: Error | undefined, started: boolean): string {
  // If all of several addresses have failed, the error is an AggregateError, whose own message is empty.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(String).join(", ");
  if (error === undefined)
    return started ? "the connection was closed" : "the connection was closed before HTTP/2 began";
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: string };
  if (typeof code === "string" && code.startsWith("ERR_SSL_") && reason !== undefined) {
    const means = TLS_MEANS[code];
    return `TLS: ${reason}${means === undefined ? "" : ` (${means})`}`;
  }
  if (!started && code === "ERR_HTTP2_ERROR") return "the server does not support HTTP/2";
  return error.message;
}
