import { steerOldGeneration } from "./old-generation.ts";
import { sweepOnOneThread } from "./sweeping-threads.ts";
import { boundYoungGeneration } from "./young-generation.ts";

/** Steers V8's memory once everything is loaded. */
export function steerMemory(): void {
  boundYoungGeneration(process);
  sweepOnOneThread(process);
  steerOldGeneration(process);
}
