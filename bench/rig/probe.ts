// Loaded into every server under measurement with `--import`: tells the driver what the process has used, and at the end how often each
// fast path was taken, as a line of JSON on standard output. The server itself is the one that is deployed.

import { subscribe } from "node:diagnostics_channel";

/** What a process has used since its start. */
export interface Usage {
  /** CPU of all its threads, in microseconds. */
  readonly cpuMicros: number;
  /** The most memory that it has held, in bytes. */
  readonly maxRssBytes: number;
  readonly rssBytes: number;
}

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

process.on("message", (message) => {
  if (message === "collect") globalThis.gc?.();
  else if (message !== "usage") return;
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpuMicros: user + system,
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
    rssBytes: process.memoryUsage.rss(),
  } satisfies Usage);
});
process.channel?.unref();
process.once("exit", () => {
  const counters: PathCounters =
    server === undefined
      ? {}
      : { requests: server.requests, ...(codecs !== undefined && { messages: messages(codecs) }) };
  process.stdout.write(`${JSON.stringify({ counters })}\n`);
});
