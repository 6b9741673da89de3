// For tests only: a separate redis-server on a separate port, which may be stopped, hung and restarted.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { onTestFinished } from "vitest";
import { freePort } from "./ports.ts";

export async function startRedis(...options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "bff-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder, ...options];
    const started = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    let printed = "";
    for await (const chunk of started.stdout) {
      printed += String(chunk);
      if (printed.includes("Ready to accept connections")) break;
    }
    if (started.exitCode !== null) throw new Error(printed);
    started.stdout.resume();
  }
  async function stop(): Promise<void> {
    const stopped = child;
    child = undefined;
    if (stopped === undefined) return;
    stopped.kill("SIGKILL");
    if (stopped.exitCode === null && stopped.signalCode === null) await once(stopped, "exit");
  }
  await start();
  const url = `redis://127.0.0.1:${port}`;
  const admin = createClient({ url }).on("error", () => {});
  await admin.connect();
  onTestFinished(async () => {
    admin.destroy();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { url, admin, start, stop, hang: () => child?.kill("SIGSTOP"), wake: () => child?.kill("SIGCONT") };
}

/** Polls until the value is true, because connecting takes time. */
export async function until<T>(probe: () => T | Promise<T>, withinMs = 20_000): Promise<NonNullable<T>> {
  for (const from = performance.now(); performance.now() - from < withinMs; ) {
    const answer = await Promise.resolve()
      .then(probe)
      .catch(() => undefined);
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not within ${withinMs / 1_000} s`);
}
