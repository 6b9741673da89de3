// A nats-server of the demo's own, with JetStream.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Stays at its port, with what it has stored, when it is killed and started again. */
export class Nats {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "protobff-nats-"));
  readonly #port: number;
  readonly #kill = (): void => void this.#child?.kill("SIGKILL");
  #child: ChildProcess | undefined;

  constructor(port: number) {
    this.#port = port;
    this.url = `nats://127.0.0.1:${port}`;
    // whatever ends this process takes the server along
    process.once("exit", this.#kill);
  }
  /** Process id, while the process runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }
  /** @throws Error where nats-server is not installed, or does not start within 10 s */
  async start(): Promise<void> {
    const args = ["-js", "-sd", this.#folder, "-a", "127.0.0.1", "-p", String(this.#port)];
    const child = spawn("nats-server", args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` }, // where Debian has it
    });
    this.#child = child;
    let output = "";
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`nats-server is not ready after 10 s\n${output}`)), 10_000);
    child.once("error", (error) => reject(new Error(`nats-server (apt-get install nats-server): ${error.message}`)));
    child.once("exit", () => reject(new Error(`nats-server has ended\n${output}`)));
    child.stderr.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
      if (output.includes("Server is ready")) resolve();
    });
    await promise.finally(() => clearTimeout(timer));
  }
  /** Outright, by SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  async close(): Promise<void> {
    process.off("exit", this.#kill);
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @throws Error as `Nats.start` */
export async function startNats(): Promise<Nats> {
  const nats = new Nats(await freePort());
  try {
    await nats.start();
    return nats;
  } catch (error) {
    await nats.close();
    throw error;
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
