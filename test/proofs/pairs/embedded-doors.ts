// The BFF of a row inside this process, by each door that a program serves it through.
import { once } from "node:events";
import { createServer } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import type { Bff, BffPeer, OpenBffOptions } from "@protobff/server/embed";
import { type Carrier, over } from "../../features/protocols/protocol-carriers.ts";
import { type Samples, samplesOf } from "../../support/metric-samples.ts";

export interface Doors {
  /** Returns the carriers of an embedded BFF, each by one door, out of those of a server. */
  readonly through: (carriers: readonly Named[]) => readonly Named[];
  readonly metrics: () => Promise<Samples>;
  readonly log: readonly string[];
  readonly close: () => Promise<void>;
}
type Named = readonly [name: string, carrier: Carrier];

/** Protocols that need HTTP/2, which `node` serves, and one that no door has. The others take `fetch`. */
const HTTP2: ReadonlySet<string> = new Set(["gRPC", "gRPC in JSON", "gRPC-Web over HTTP/2", "Connect in binary"]);
const NOWHERE = "WebSocket";
/** Variables of the other process: its traces and captures are compared elsewhere, its requests are not printed. */
const OF_SERVER = /^(?:OTEL_|BFF_CAPTURE|BFF_ACCESS_LOG)/;
/** Variables that name files below the folder of the process. */
const FILES: Readonly<Record<string, string>> = { BFF_USAGE_FILE: "usage.jsonl", BFF_AUDIT: "audit.jsonl" };

/**
 * @param host the name by which clients call
 * @param peer the client. With a certificate no door counts whose connections have none
 */
export async function openDoors(
  folder: string,
  variables: Readonly<Record<string, string>>,
  host: string,
  peer: BffPeer,
): Promise<Doors> {
  const { openBff }: { openBff: (options: OpenBffOptions) => Promise<Bff> } = await import(
    join(folder, "pairs/v1/bff.ts")
  );
  const kept = Object.entries(variables).filter(([name]) => !OF_SERVER.test(name));
  const env = Object.fromEntries(
    kept.map(([name, value]) => [name, name in FILES ? join(folder, FILES[name] ?? "") : value]),
  );
  const log: string[] = [];
  const bff = await openBff({ env, logger: (line) => log.push(line), peer: () => peer });
  const fetching = await listening(createServer(getRequestListener(bff.fetch, { overrideGlobalObjects: false })), host);
  const node = await listening(http2.createServer(bff.node), host);
  const by =
    (url: string, carrier: Carrier): Carrier =>
    (target, rpc, request) =>
      carrier({ ...target, url }, rpc, request);
  return {
    through: (carriers) => [
      ["transport", over(() => bff.transport({ peer }))],
      ...carriers.flatMap(([name, carrier]): readonly Named[] => {
        const isNode = HTTP2.has(name);
        if (name === NOWHERE || (isNode && peer.certificate !== undefined && peer.certificate.length > 0)) return [];
        return [[`${isNode ? "node" : "fetch"}, ${name}`, by(isNode ? node.url : fetching.url, carrier)]];
      }),
    ],
    metrics: async () => samplesOf(await bff.metrics()),
    log,
    async close() {
      await bff.close();
      fetching.close();
      node.close();
    },
  };
}

async function listening(server: Server, host: string) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://${host}:${(server.address() as AddressInfo).port}`, close };
}
