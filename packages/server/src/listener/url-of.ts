/** `http://<host>:<port>`; an IPv6 address stands in brackets. */
export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
