import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** Returns an unused port of 127.0.0.1, for servers that cannot choose one themselves. */
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
 * @throws if it has ended before
 */
export async function listens(port: number, process: ChildProcess): Promise<void> {
  await once(process, "spawn");
  while (process.exitCode === null && process.signalCode === null) {
    if (await connects(port)) return;
  }
  throw new Error("the server has ended");
}
/** Resolves when the port is closed. */
export async function closes(port: number): Promise<void> {
  while (await connects(port));
}
async function connects(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const up = await new Promise<boolean>((resolve) =>
    socket.once("connect", () => resolve(true)).on("error", () => resolve(false)),
  );
  socket.destroy();
  return up;
}
