// One `dev` in a folder at a time: two would write the same files. The socket of a process ends with it, other than a
// file with its number.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { realpathSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "../terminal.ts";

/** Tenths of a second in which another process may end: its servers have 1.5 s. */
const ENDING_TRIES = 20;

/** Claims a folder until the returned function is called. Throws a `Refusal` if another process has it. */
export async function claim(folder: string): Promise<() => Promise<void>> {
  const name = `protobff-dev-${createHash("sha256").update(realpathSync(folder)).digest("hex").slice(0, 16)}`;
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
  for (let tries = 0; await isAnswered(path); tries++) {
    if (tries === ENDING_TRIES)
      throw new Refusal(`protobff dev runs in ${folder} already: end it first, or use its servers`);
    await sleep(100);
  }
  if (process.platform !== "win32") rmSync(path, { force: true });
  const server = createServer((socket) => socket.destroy()).listen(path);
  try {
    await once(server, "listening");
  } catch {
    // A folder without room for sockets, or one that another process has taken meanwhile.
    return async () => {};
  }
  server.unref();
  return async () => {
    server.close();
    await once(server, "close");
  };
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
