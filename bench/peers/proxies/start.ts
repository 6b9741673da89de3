import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listens } from "../../../runtime/src/testing/ports.ts";
import type { InstalledProxy, Routes } from "./programs.ts";

export interface StartedProxy {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** @param httpFilters further filters of Envoy */
export async function startProxy(
  proxy: InstalledProxy,
  routes: Routes,
  httpFilters?: readonly object[],
): Promise<StartedProxy> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-bench-"));
  const port = await freePort();
  const file = join(folder, "config.json");
  writeFileSync(file, proxy.config(port, routes, folder, httpFilters));
  const child = spawn(proxy.command, proxy.args(file, folder), { stdio: ["ignore", "ignore", "inherit"] });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listens(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, pid: child.pid ?? 0, stop };
}
