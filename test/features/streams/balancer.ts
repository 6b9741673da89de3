// One address in front of several servers: a connection goes to the next one that takes it.
import { once } from "node:events";
import * as net from "node:net";

export interface Balanced {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Connections of clients that are open. */
  readonly open: number;
  close(): Promise<void>;
}

export async function balanced(ports: readonly number[]): Promise<Balanced> {
  const sockets = new Set<net.Socket>();
  let turn = 0;
  const server = net.createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    client.on("close", () => sockets.delete(client));
    forward(client, ports.length);
  });
  const forward = (client: net.Socket, tries: number): void => {
    const port = ports[turn++ % ports.length] ?? 0;
    const upstream = net.connect(port, "127.0.0.1");
    upstream.once("error", () => {
      if (tries > 1) forward(client, tries - 1);
      else client.destroy();
    });
    upstream.once("connect", () => {
      upstream.removeAllListeners("error").on("error", () => {});
      client.pipe(upstream);
      upstream.pipe(client);
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    get open() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
