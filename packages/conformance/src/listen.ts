// One port for HTTP/1.1 and HTTP/2 without TLS: the first bytes decide.
import { once } from "node:events";
import { createServer as createHttp1, type RequestListener } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** Serves a handler at `host` and `port`; port 0: any. */
export async function listen(handler: (request: never, response: never) => unknown, host: string, port: number) {
  const servers = [createHttp1(handler as RequestListener), createHttp2(handler as never)] as const;
  // A connection that ends while it is idle would fail the next request on it.
  servers[0].keepAliveTimeout = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.once("close", () => sockets.delete(socket));
    socket.once("readable", () => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      socket.unshift(bytes);
      servers[bytes.toString("latin1", 0, 3) === "PRI" ? 1 : 0].emit("connection", socket);
    });
  });
  server.listen(port, host);
  await once(server, "listening");
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
