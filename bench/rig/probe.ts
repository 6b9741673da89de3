// Loaded into every server under measurement with `--import`: tells the driver what the process has used, and at the end how often each
// fast path was taken, as a line of JSON on standard output. The server itself is the one that is deployed.

import { subscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { AllocationCount, GarbageCount } from "./garbage.ts";

/** What a process has used since its start. */
export interface Usage {
  /** CPU of all its threads, in microseconds. */
  readonly cpuMicros: number;
  /** The most memory that it has held, in bytes. */
  readonly maxRssBytes: number;
  readonly rssBytes: number;
}

/** What the driver asks; one question at a time. */
export type Question = "usage" | "collect" | "garbage" | "count allocations" | "allocations";

/** How many of all took a fast path. */
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
  readonly decodedByProtobufEs: number;
  readonly encoded: number;
  readonly encodedByProtobufEs: number;
}
let codecs: Codecs | undefined;
subscribe("protobff.codecs", (counters) => {
  codecs = counters as Codecs;
});
function messages({ decoded, decodedByProtobufEs, encoded, encodedByProtobufEs }: Codecs): Share {
  const fast = decoded + encoded;
  return { fast, all: fast + decodedByProtobufEs + encodedByProtobufEs };
}

const garbage = new GarbageCount();
const allocations = new AllocationCount();

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuMicros: user + system,
    maxRssBytes: maxRss(),
    rssBytes: process.memoryUsage.rss(),
  };
}

/** Of this program alone, where that can be told: what getrusage says counts the driver, too, out of which the process was forked. */
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
