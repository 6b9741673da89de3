/** Returns `http://<host>:<port>`, with brackets around an IPv6 address. */
export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
