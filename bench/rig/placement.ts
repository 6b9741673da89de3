// The server under measurement alone on the first processor, everything else on the others.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import type { LeftOut } from "./result.ts";

export const SERVER = "0";
export const OTHERS = `1-${Math.max(1, availableParallelism() - 1)}`;
export const ALONE: LeftOut = {
  name: "a processor for the server alone",
  reason: "taskset, or a second one, is missing",
};

/** Moves all threads of a process to these processors. Children inherit them. */
export function pin(pid: number, processors: string): boolean {
  return availableParallelism() > 1 && spawnSync("taskset", ["-a", "-p", "-c", processors, `${pid}`]).status === 0;
}
