// Start of a generated server: decides what this process is before it loads anything.
import type { ConfigFault } from "@protobff/runtime/internal/environment/variable-reader";
import { VariableReader } from "@protobff/runtime/internal/environment/variable-reader";
import { readAdmin, readLog, readProcess, readPurgeToken } from "./config/config-process.ts";
import { isStdio } from "./config/stdio.ts";
import { WORKER_MARK } from "./workers/messages.ts";
import type { SupervisorConfig } from "./workers/supervise.ts";

/**
 * Starts a server, or the supervisor of several workers (`BFF_WORKERS`). A supervisor does not load the server, so that
 * it takes half of its memory.
 *
 * @param name proto package, for messages
 * @param load imports the module that calls `serve`
 *
 * @example
 * await start("shop.v1", () => import("./server_main.ts"));
 */
export async function start(name: string, load: () => Promise<unknown>): Promise<void> {
  const config = supervisorConfig(process.env);
  if (config === undefined) await load();
  else await (await import("./workers/supervise.ts")).supervise(name, config);
}

/** Returns undefined for a process that serves, which also reports faults. */
function supervisorConfig(env: NodeJS.ProcessEnv): SupervisorConfig | undefined {
  if (env[WORKER_MARK] !== undefined) return undefined;
  const faults: ConfigFault[] = [];
  const read = new VariableReader(env, faults);
  const config = readProcess(read);
  const log = readLog(read);
  const admin = readAdmin(read);
  if (faults.length > 0 || config.workers === 1 || isStdio(process)) return undefined;
  // A single process reads the token only if answers have tags.
  const purgeToken = readPurgeToken(read);
  if (faults.length > 0) return undefined;
  return {
    ...config,
    log,
    purgeToken,
    telemetry: { ...(admin !== undefined && { admin }) },
    tls: read.optional("TLS_CERT_FILE"),
  };
}
