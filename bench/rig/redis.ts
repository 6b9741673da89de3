import { type ChildProcess, spawn } from "node:child_process";
import { createConnection } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** A redis-server on this port, which keeps nothing; undefined where it is not installed. */
export async function startRedis(
  port: number,
): Promise<{ readonly url: string; readonly stop: () => void } | undefined> {
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const missing = new Promise<undefined>((resolve) => child.once("error", () => resolve(undefined)));
  const started = await Promise.race([missing, listening(port).then((): ChildProcess => child)]);
  return started && { url: `redis://127.0.0.1:${port}`, stop: () => void child.kill() };
}

async function listening(port: number): Promise<void> {
  for (const end = performance.now() + 5_000; performance.now() < end; await pause(50)) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection(port, "127.0.0.1");
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("close", () => socket.destroy());
      socket.once("connect", () => socket.destroy());
    });
    if (open) return;
  }
  throw new Error("redis-server does not listen");
}
