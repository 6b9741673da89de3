import type { ServerConfig } from "../config/config.ts";
import type { Listening } from "../listen.ts";
import { byLabel, counter, gauge } from "../metrics/family.ts";
import type { Family } from "../metrics/snapshot.ts";
import type { Admin } from "./admin.ts";
import type { Observers } from "./open-observers.ts";
import { openPurgePage } from "./open-purges.ts";
import type { PurgeTags } from "./purge-page.ts";

/**
 * Opens the admin port of a process with the metrics of its observers. Returns undefined if no port is configured.
 *
 * @param server returns the server once it exists
 * @param purge purges the cache, if its answers have tags
 * @throws the error of `listen`, with a `code` such as EADDRINUSE
 */
export async function openSeparateAdmin(
  { telemetry: { admin: address }, purgeToken }: Pick<ServerConfig<string, unknown>, "telemetry" | "purgeToken">,
  { metrics, fault, explorer }: Observers,
  server: () => Listening | undefined,
  purge: PurgeTags | undefined,
): Promise<Admin | undefined> {
  if (address === undefined || metrics === undefined) return undefined;
  metrics.add(() => serverFamilies(server()));
  // Loaded only if the port is configured.
  const [{ openAdmin }, { renderPrometheus }] = await Promise.all([
    import("./admin.ts"),
    import("../metrics/render.ts"),
  ]);
  return openAdmin({
    ...address,
    metrics: (format) => renderPrometheus(metrics.snapshot(), format),
    state: () => server()?.state ?? "starting",
    load: () => server()?.load ?? "calm",
    pages: [explorer, await openPurgePage(purgeToken, purge)].filter((page) => page !== undefined),
    fault,
  });
}

type Measured = Pick<Listening, "connections" | "protocols" | "followers" | "open" | "room" | "requests" | "state"> &
  Pick<Listening, "standingDelayMs">;

/** Returns the metrics of the server itself. */
export function serverFamilies(server: Measured | undefined): readonly Family[] {
  if (server === undefined) return [];
  const { connections, protocols, followers, open, room, requests, state, standingDelayMs } = server;
  const byProtocol = byLabel("protocol", Object.entries(protocols));
  return [
    gauge("bff_connections", "Connections of clients that are open.", connections),
    gauge(
      "bff_connections_by_protocol",
      "Connections of clients by protocol. Until the first bytes, a connection has none.",
      byProtocol,
    ),
    gauge("bff_connections_most", "Maximum number of connections: BFF_MAX_CONNECTIONS.", room.connections),
    gauge("bff_followers", "Followers of a stream of any RPC.", followers),
    gauge("bff_followers_most", "Maximum number of followers: BFF_MAX_FOLLOWERS.", room.followers),
    counter("bff_http_requests_total", "Requests of all kinds, probes and preflights included.", requests.all),
    gauge("bff_http_requests_open", "Requests and streams of all kinds that have not ended.", open),
    gauge(
      "bff_standing_delay_seconds",
      "Least delay of the event loop in the last 100 ms; of several processes, the longest.",
      standingDelayMs / 1000,
      "max",
    ),
    gauge("bff_ready", "1 when it wants requests; of several processes, how many do.", state === "ready" ? 1 : 0),
  ];
}
