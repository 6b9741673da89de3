import { countHeldBuffers } from "./held-buffers.ts";
import { sweepOnOneThread } from "./sweeping-threads.ts";
import { boundYoungGeneration } from "./young-generation.ts";

/** Steers V8's memory once everything is loaded. */
export function steerMemory(): void {
  boundYoungGeneration(process);
  sweepOnOneThread(process);
  countHeldBuffers(process.versions);
}
