// The JDK's HTTP client.
import { execFile, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Load, Loaded } from "./loads.ts";

const CLIENT = fileURLToPath(new URL("jdk/Client.java", import.meta.url));
const run = promisify(execFile);

/** Returns the number of answers of each kind, one on each line. */
export async function jdkCases(url: string, ca: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run("java", [CLIENT, "all", url, ...ca]);
  return stdout.trim().split("\n");
}
/** Runs under load until `stop` aborts; only over TLS, because without TLS the client requests an upgrade. */
export const jdk: Load = async ({ port, ca }, stop) => {
  if (ca === undefined) throw new Error("the JDK's client has HTTP/2 over TLS alone");
  const child = spawn("java", [CLIENT, "load", `127.0.0.1:${port}`, ca], { stdio: ["pipe", "pipe", "inherit"] });
  stop.addEventListener("abort", () => child.stdin.end());
  return JSON.parse(await text(child.stdout)) as Loaded;
};
