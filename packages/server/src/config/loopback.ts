import { isIP } from "node:net";

/**
 * A page in the browser of somebody who runs this may be given a name of its own that leads to 127.0.0.1, and would read what is here.
 * So what listens on this machine alone goes by its address, or as localhost.
 */
export function isFor(host: string, asked: string | undefined): boolean {
  if (!isLoopback(host)) return true;
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(asked ?? "");
  const found = (name?.[1] ?? name?.[2] ?? "").toLowerCase();
  return isIP(found) !== 0 || found === "localhost" || found.endsWith(".localhost") || found === host.toLowerCase();
}

/** Whether nobody but this machine can come. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
