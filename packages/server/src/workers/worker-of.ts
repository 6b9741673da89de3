import { WORKER_MARK } from "./messages.ts";
import type { Worker } from "./worker.ts";

/** Returns this process as one of several that serve the port. Undefined if it serves alone. */
export async function workerOf(of: NodeJS.Process): Promise<Worker | undefined> {
  if (of.env[WORKER_MARK] === undefined) return undefined;
  const { Worker } = await import("./worker.ts"); // nobody else pays for loading it
  return Worker.of(of);
}
