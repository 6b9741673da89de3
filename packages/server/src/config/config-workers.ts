import { availableParallelism } from "node:os";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import type { VariableReader } from "@protobff/runtime/internal/environment/variable-reader";

/** More processes than this are a slip of the keyboard. */
const MAX_WORKERS = 512;

/** Reads the number of processes that serve the port. 1: this process alone, without a supervisor. */
export function readWorkers(read: VariableReader): number {
  const text = read.optional("BFF_WORKERS") ?? "1";
  // libuv counts the CPU affinity of the process and, in a container, the quota of its control group.
  if (text === "auto") return availableParallelism();
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_WORKERS) return count;
  read.fault("BFF_WORKERS", `is ${quoted(text)}`, `auto, or a whole number between 1 and ${MAX_WORKERS}`);
  return 1;
}
