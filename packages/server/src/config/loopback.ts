import { isIP } from "node:net";

/**
 * Guards a local server against DNS rebinding. A page in a local browser may have a host name that resolves to
 * 127.0.0.1, and could read this server's answers. A server on the loopback interface therefore accepts only addresses
 * and localhost as host.
 */
export function isFor(host: string, authority: string | undefined): boolean {
  if (!isLoopback(host)) return true;
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(authority ?? "");
  const found = (name?.[1] ?? name?.[2] ?? "").toLowerCase();
  return isIP(found) !== 0 || found === "localhost" || found.endsWith(".localhost") || found === host.toLowerCase();
}

/** True if only this machine can connect to the host. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
