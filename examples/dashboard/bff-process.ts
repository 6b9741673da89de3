// Runs a generated server.ts in a separate process, as a deployment does.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface BffProcess {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** URL of its metrics, with BFF_ADMIN_PORT. */
  readonly metrics: string | undefined;
  readonly pid: number;
  /** SIGTERM, then a wait for the end; SIGKILL after five seconds. Gives the exit code, undefined after a signal. */
  stop(): Promise<number | undefined>;
}

/** `AGENT_V1_AGENTSERVICE_URL` and so on, from upstreams by full service name. */
export function addressVariables(urls: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(urls).map(([service, url]) => [`${service.toUpperCase().replaceAll(".", "_")}_URL`, url]),
  );
}

/**
 * Starts `entry` (from the repository's root) on a free port and waits until it prints its address. Throws with the
 * printed text when the process ends before that, or after a minute. `onLog` receives its standard error.
 */
export async function startBff(
  entry: string,
  env: Readonly<Record<string, string>>,
  onLog: (text: string) => void = () => {},
): Promise<BffProcess> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(process.execPath, [entry], {
    cwd: root,
    env: { ...process.env, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // whatever ends this process takes the server along
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  let printed = "";
  const keep = (chunk: Buffer): void => {
    printed = (printed + chunk.toString()).slice(-10_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", (chunk: Buffer) => {
    keep(chunk);
    onLog(chunk.toString());
  });
  // Later than its end: all that it has printed has been read then.
  const closed = once(child, "close").catch(() => {});
  try {
    const { url, metrics } = await listening(child);
    return { url, metrics, pid: child.pid ?? 0, stop: () => stop(child) };
  } catch (reason) {
    await stop(child);
    if (child.pid !== undefined) await closed;
    throw new Error(`${entry}: ${reason instanceof Error ? reason.message : reason}\n${printed}`.trimEnd());
  }
}

/** Also for machines that have much else to do. */
const START_MS = 60_000;

async function listening(child: ChildProcess): Promise<Pick<BffProcess, "url" | "metrics">> {
  const { stdout } = child;
  if (stdout === null) throw new Error("no standard output");
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("does not listen after 60 s")), START_MS);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code} before it listened`));
    });
    createInterface({ input: stdout }).on("line", (line) => {
      const [, url] = /^listening on (http:\/\/\S+)/.exec(line) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve({ url, metrics: /metrics: ([^\s,)]+)/.exec(line)?.[1] });
    });
  });
}

async function stop(child: ChildProcess): Promise<number | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? undefined;
  if (child.pid === undefined) return undefined;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
  return child.exitCode ?? undefined;
}
