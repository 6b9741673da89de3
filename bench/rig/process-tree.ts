import { readFileSync } from "node:fs";

/** Unit of the CPU times in /proc/<pid>/stat: Linux counts hundredths of a second. */
const TICK_US = 10_000;

/** Resources that one process of several has used. */
export interface ProcessUsage {
  readonly pid: number;
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

/** A process and those that it has started, that one first. Linux only. */
export function processTree(pid: number): ProcessUsage[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return [usageOf(pid), ...(children === "" ? [] : children.split(" ").map((child) => usageOf(Number(child))))];
}

function usageOf(pid: number): ProcessUsage {
  // Behind the command's name, which may have any character in it.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  const rssKb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return { pid, cpuMicros: (Number(stat[11]) + Number(stat[12])) * TICK_US, rssBytes: Number(rssKb) * 1024 };
}
