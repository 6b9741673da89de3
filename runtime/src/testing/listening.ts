import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** A port of 127.0.0.1 that nobody listens on, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Resolves when the process listens on a port of 127.0.0.1.
 *
 * @throws when it has ended before
 */
export async function listens(port: number, process: ChildProcess): Promise<void> {
  await once(process, "spawn");
  while (process.exitCode === null && process.signalCode === null) {
    const socket = connect(port, "127.0.0.1");
    const up = await new Promise((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
    );
    socket.destroy();
    if (up) return;
  }
  throw new Error("the server has ended");
}
