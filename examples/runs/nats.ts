// A nats-server of the demo's own, with JetStream.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export interface Nats {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws Error where nats-server is not installed, or does not start within 10 s */
export async function startNats(): Promise<Nats> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-nats-"));
  const port = await freePort();
  const args = ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", String(port)];
  const child = spawn("nats-server", args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` }, // where Debian has it
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const close = async (): Promise<void> => {
    process.off("exit", kill);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  let said = "";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`nats-server is not ready after 10 s\n${said}`)), 10_000);
  child.once("error", (error) => reject(new Error(`nats-server (apt-get install nats-server): ${error.message}`)));
  child.once("exit", () => reject(new Error(`nats-server has ended\n${said}`)));
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
    if (said.includes("Server is ready")) resolve();
  });
  try {
    await promise;
    return { url: `nats://127.0.0.1:${port}`, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
