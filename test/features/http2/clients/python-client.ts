// Clients written in Python, with the packages that .ci/run installs: `python3 -m pip install --target
// test/features/http2/clients/.generated/python <them>`.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Load, Loaded } from "./loads.ts";

/** True if its packages are not available. */
export const WITHOUT_PYTHON = process.env.PROTOBFF_WITHOUT_PYTHON_CLIENTS === "1";
const FOLDER = fileURLToPath(new URL(".generated/python", import.meta.url));
const NEEDED = "grpcio==1.85.1 'httpx[http2]==0.28.1'";
const run = promisify(execFile);
const scriptOf = (client: string): string => fileURLToPath(new URL(`${client}/client.py`, import.meta.url));

function env(): NodeJS.ProcessEnv {
  if (!existsSync(FOLDER))
    throw new Error(
      `no packages: python3 -m pip install --target test/features/http2/clients/.generated/python ${NEEDED}`,
    );
  return { ...process.env, PYTHONPATH: FOLDER, PYTHONDONTWRITEBYTECODE: "1" };
}
/**
 * Returns the results of a client's cases: "ok", or the error.
 *
 * @throws when the client does not finish
 */
export async function casesOf(client: string, args: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await run("python3", [scriptOf(client), ...args], { env: env() });
  return JSON.parse(stdout) as Readonly<Record<string, string>>;
}
const loading =
  (client: string): Load =>
  async ({ port, ca }, stop) => {
    const args = [scriptOf(client), "load", `127.0.0.1:${port}`, ...(ca === undefined ? [] : [ca])];
    const child = spawn("python3", args, { env: env(), stdio: ["pipe", "pipe", "inherit"] });
    stop.addEventListener("abort", () => child.stdin.end());
    return JSON.parse(await text(child.stdout)) as Loaded;
  };
/** Run under load until `stop` aborts. */
export const grpcCore: Load = loading("grpcio");
export const httpx: Load = loading("httpx");
