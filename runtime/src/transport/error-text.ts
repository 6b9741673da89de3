/** What OpenSSL says is for those who know OpenSSL: what it mostly means. */
const TLS_MEANS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: "is there TLS at this port?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "is there TLS at this port?",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "it does not speak HTTP/2",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "it wants a client certificate",
};

/**
 * Why a connection has ended, for logs.
 *
 * @param begun whether the other end has said anything of HTTP/2; before that the fault mostly is the address
 */
export function errorText(error: Error | undefined, begun: boolean): string {
  // Several addresses that have all failed are an AggregateError, whose own message is empty.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(String).join(", ");
  if (error === undefined) return begun ? "the connection was closed" : "the connection was closed before HTTP/2 began";
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: string };
  if (typeof code === "string" && code.startsWith("ERR_SSL_") && reason !== undefined) {
    const means = TLS_MEANS[code];
    return `TLS: ${reason}${means === undefined ? "" : ` (${means})`}`;
  }
  if (!begun && code === "ERR_HTTP2_ERROR") return "what answers speaks no HTTP/2";
  return error.message;
}
