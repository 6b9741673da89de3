// For tests only: a separate nats-server with JetStream, on a separate port, which may be killed and restarted.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";
import { onTestFinished } from "vitest";
import { freePort } from "./ports.ts";

/** @param options of nats-server */
export async function startNats(...options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "bff-nats-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    const args = ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder, ...options];
    const PATH = `${process.env.PATH}${delimiter}/usr/sbin`; // where Debian has it
    const started = spawn(process.env.PROTOBFF_NATS_SERVER ?? "nats-server", args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, PATH },
    });
    child = started;
    let printed = "";
    await new Promise<void>((resolve, reject) => {
      started.stderr.on("data", (chunk) => {
        printed += String(chunk); // read to its end: a server that cannot write its log dies
        if (printed.includes("Server is ready")) resolve();
      });
      started.once("exit", () => reject(new Error(printed)));
      started.once("error", reject);
    });
  }
  async function stop(): Promise<void> {
    const stopped = child;
    child = undefined;
    if (stopped === undefined) return;
    stopped.kill("SIGKILL");
    if (stopped.exitCode === null && stopped.signalCode === null) await once(stopped, "exit");
  }
  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `nats://127.0.0.1:${port}`;
  /** A client that publishes and observes: NATS' own client. */
  async function admin(options: NodeConnectionOptions = {}) {
    const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50, ...options });
    onTestFinished(() => connection.close());
    const jsm = await jetstreamManager(connection);
    const js = jetstream(connection);
    const add = (name: string, config: object = {}) =>
      jsm.streams.add({ name, subjects: [`${name.toLowerCase()}.*.events`], allow_direct: true, ...config });
    const consumers = async (name: string) => (await jsm.streams.info(name)).state.consumer_count;
    return { connection, js, jsm, add, consumers };
  }
  return { url, port, start, stop, admin, hang: () => child?.kill("SIGSTOP"), wake: () => child?.kill("SIGCONT") };
}
