// Loaded into every server under measurement with `--import`: reports the resources of the process to the driver. At
// the end it prints the number of uses of each fast path, as a line of JSON on standard output. The server itself is
// the deployed one.

import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { AllocationCount, GarbageCount } from "./garbage.ts";
import { StallCount } from "./stalls.ts";

/** Resources that a process has used since its start. */
export interface Usage {
  /** CPU of all its threads, in microseconds. */
  readonly cpuMicros: number;
  /** The most memory that it has held, in bytes. */
  readonly maxRssBytes: number;
  readonly rssBytes: number;
}

/** Questions of the driver, answered one at a time. */
export type Question =
  | "usage"
  | "collect"
  | "garbage"
  | "count allocations"
  | "allocations"
  | "count stalls"
  | "stalls";

/** Number of uses that took a fast path, and of all uses. */
export interface Share {
  readonly fast: number;
  readonly all: number;
}
/** By what is counted: requests, calls, messages. */
export type PathCounters = Readonly<Record<string, Share>>;

/** The runtime publishes its server here; it counts by itself. */
interface Counting {
  readonly requests: Share;
}
let server: Counting | undefined;
subscribe("protobff.listening", (listening) => {
  server = listening as Counting;
});

interface Codecs {
  readonly decoded: number;
  readonly decodedByDescriptor: number;
  readonly encoded: number;
  readonly encodedByProtobufEs: number;
}
let codecs: Codecs | undefined;
subscribe("protobff.codecs", (counters) => {
  codecs = counters as Codecs;
});
function messages({ decoded, decodedByDescriptor, encoded, encodedByProtobufEs }: Codecs): Share {
  const fast = decoded + encoded;
  return { fast, all: fast + decodedByDescriptor + encodedByProtobufEs };
}

const garbage = new GarbageCount();
const allocations = new AllocationCount();
const stalls = new StallCount();

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuMicros: user + system,
    maxRssBytes: maxRss(),
    rssBytes: process.memoryUsage.rss(),
  };
}

/**
 * Returns the peak memory of this program alone, where the system reports it. The value of getrusage includes the
 * driver that forked the process.
 */
function maxRss(): number {
  const highWaterKb =
    process.platform === "linux"
      ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]
      : undefined;
  return Number(highWaterKb ?? process.resourceUsage().maxRSS) * 1024;
}

const ANSWERS: Readonly<Record<Question, () => unknown>> = {
  usage,
  collect: () => {
    globalThis.gc?.();
    return usage();
  },
  garbage: () => garbage.read(),
  "count allocations": () => allocations.start(),
  allocations: () => allocations.stop(),
  "count stalls": () => stalls.start(),
  stalls: () => stalls.read(),
};
process.on("message", async (message) => {
  const answer = Object.hasOwn(ANSWERS, `${message}`) ? ANSWERS[message as Question] : undefined;
  if (answer !== undefined) process.send?.((await answer()) ?? {});
});
process.channel?.unref();
process.once("exit", () => {
  const counters: PathCounters =
    server === undefined
      ? {}
      : { requests: server.requests, ...(codecs !== undefined && { messages: messages(codecs) }) };
  process.stdout.write(`${JSON.stringify({ counters })}\n`);
});
