import type * as net from "node:net";

/** How connections are accepted: TCP notices dead peers, after this many milliseconds. */
export const ACCEPTED = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** Connections that another process has accepted. */
export interface Connections {
  /** Takes those that there are, and all that come. */
  each(take: (socket: net.Socket) => void): void;
}

/** Returns `http://<host>:<port>`, with brackets around an IPv6 address. */
export function urlOf(scheme: "http" | "https", host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
