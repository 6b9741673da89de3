import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Ports below those that systems give to connections: those of Linux begin at 32,768. */
const PORTS = { from: 20_000, count: 12_000 };
/** Ports that this process has chosen. */
const chosen = new Set<number>();

/**
 * Returns an unused port of 127.0.0.1, for servers that cannot choose one themselves. No connection gets it while a
 * server on it starts anew.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + randomInt(PORTS.count);
    if (chosen.has(port)) continue;
    chosen.add(port);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await new Promise<boolean>((resolve) =>
      server.once("listening", () => resolve(true)).once("error", () => resolve(false)),
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
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
