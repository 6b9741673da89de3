import type { ServerConfig } from "../config/config.ts";
import type { Listening } from "../listen.ts";
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
  const family = (name: string, type: Family["type"], help: string, value: number): Family => ({
    name,
    type,
    help,
    merge: "sum",
    samples: [{ labels: [], value }],
  });
  return [
    family("bff_connections", "gauge", "Connections of clients that are open.", connections),
    {
      name: "bff_connections_by_protocol",
      type: "gauge",
      help: "Connections of clients by protocol. Until the first bytes, a connection has none.",
      merge: "sum",
      samples: Object.entries(protocols).map(([protocol, value]) => ({ labels: ["protocol", protocol], value })),
    },
    family("bff_connections_most", "gauge", "Maximum number of connections: BFF_MAX_CONNECTIONS.", room.connections),
    family("bff_followers", "gauge", "Followers of a stream of any RPC.", followers),
    family("bff_followers_most", "gauge", "Maximum number of followers: BFF_MAX_FOLLOWERS.", room.followers),
    family(
      "bff_http_requests_total",
      "counter",
      "Requests of all kinds, probes and preflights included.",
      requests.all,
    ),
    family("bff_http_requests_open", "gauge", "Requests and streams of all kinds that have not ended.", open),
    {
      name: "bff_standing_delay_seconds",
      type: "gauge",
      help: "Least delay of the event loop in the last 100 ms; of several processes, the longest.",
      merge: "max",
      samples: [{ labels: [], value: standingDelayMs / 1000 }],
    },
    family(
      "bff_ready",
      "gauge",
      "1 when it wants requests; of several processes, how many do.",
      state === "ready" ? 1 : 0,
    ),
  ];
}
