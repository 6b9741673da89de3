// Sends spans to an OpenTelemetry collector by OTLP over HTTP: encoded here as protobuf, sent by a separate thread. One
// bound, in spans and in bytes, covers all waiting spans in both threads, since the thread reports each finished batch.
// Spans beyond the bound are dropped and counted, even if the collector or the thread hangs.
import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { type Clock, systemClock, type Timer } from "@protobff/runtime/internal/clock";
import { Writer } from "@protobff/runtime/internal/wire/writer";
import { requestHead } from "./otlp-request.ts";
import type { SendConfig } from "./otlp-sender.ts";
import { writeSpan } from "./otlp-spans.ts";
import type { FromThread, SameThread, ThreadData, ToThread } from "./otlp-thread.ts";
import type { Attributes, SpanRecord, SpanSink } from "./span.ts";
import { VERSION } from "./version.ts";

/** Address of the collector, delivery settings and bounds. */
export interface OtlpConfig extends Omit<SendConfig, "headers"> {
  readonly headers: Readonly<Record<string, string>>;
  /** Attributes of the resource, from the environment. Its `service.name` overrides the server's name. */
  readonly resource: Readonly<Record<string, string>>;
  /** Maximum time that a span waits before it is sent, in milliseconds. */
  readonly delayMs: number;
  /** Maximum number of spans in one request. */
  readonly mostInBatch: number;
  /** Maximum number of spans that wait or are in flight. */
  readonly mostWaiting: number;
}

/** Counters of a sink, which never decrease. */
export interface SpanCounts {
  readonly exported: number;
  /** Spans lost for any reason: no room, no collector, or rejected by it. */
  readonly dropped: number;
}

/** A sink that counts. */
export interface OpenSpans extends SpanSink {
  counts(): SpanCounts;
}

export interface OpenSpansOptions {
  /** Name of the server: the service's name unless the resource has a `service.name`. */
  readonly name: string;
  /** As `ServerFault` of the server. */
  readonly fault: (message: string, cause: unknown) => void;
}

/** Maximum size of the waiting spans, in encoded bytes. */
const MAX_WAITING_BYTES = 32 << 20;
const MAX_BATCH_BYTES = 4 << 20;
/** Maximum number of replacements for threads that ended by themselves. */
const MAX_RESTARTS = 5;
const RESTART_MS = 1_000;
/** Part of the remaining time that is reserved for ending the thread, in milliseconds. */
const ENDING_MS = 50;
const THREAD_HEAP_MB = 128;

/** Parts that only tests replace. */
export interface OtlpParts {
  readonly clock?: Clock;
  readonly thread?: URL;
}

export async function openOtlp(
  config: OtlpConfig,
  { name, fault }: OpenSpansOptions,
  parts: OtlpParts = {},
): Promise<OpenSpans> {
  // The module names its own file, because a bundle moves files.
  const { thread, SameThread } = await import("./otlp-thread.ts");
  const start = (traces: SendConfig): Worker | SameThread => {
    // In a bundle of one file this is the server, and would start another one.
    if (thread.href === import.meta.url) return new SameThread(traces);
    // Runs without the process's own options: instrumentation of the user's code is not needed here, and would trace
    // the export of traces.
    return new Worker(parts.thread ?? thread, {
      workerData: { traces } satisfies ThreadData,
      execArgv: [],
      env: withoutOptions(process.env),
      resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      name: "traces",
    });
  };
  return new OtlpSink(config, name, fault, start, parts.clock);
}

class OtlpSink implements OpenSpans {
  readonly #config: OtlpConfig;
  readonly #sending: SendConfig;
  readonly #fault: OpenSpansOptions["fault"];
  readonly #clock: Clock;
  readonly #startThread: (traces: SendConfig) => Worker | SameThread;
  readonly #head: (spanBytes: number) => Buffer;
  readonly #writer = new Writer();
  #worker: Worker | SameThread | undefined;
  #restarts = 0;
  /** Number of spans in the batch that is being written. */
  #spans = 0;
  #timer: Timer | undefined;
  /** Number of spans in the thread. */
  #sentSpans = 0;
  #sentBytes = 0;
  #exported = 0;
  #dropped = 0;
  #closed = false;

  constructor(
    config: OtlpConfig,
    name: string,
    fault: OpenSpansOptions["fault"],
    start: (traces: SendConfig) => Worker | SameThread,
    clock: Clock = systemClock,
  ) {
    this.#config = config;
    this.#fault = fault;
    this.#clock = clock;
    this.#startThread = start;
    this.#head = requestHead(resourceOf(config.resource, name, VERSION), {
      name: "@protobff/runtime",
      version: VERSION,
    });
    const { url, timeoutMs, gzip, tls } = config;
    const agent = { "user-agent": `protobff-OTLP-Exporter-JavaScript/${VERSION}` };
    this.#sending = { url, timeoutMs, gzip, tls, headers: { ...agent, ...config.headers } };
    this.#writer.start();
    this.#start();
  }

  export(spans: readonly SpanRecord[]): void {
    const { mostWaiting, mostInBatch } = this.#config;
    const writer = this.#writer;
    const gone = this.#closed || this.#restarts > MAX_RESTARTS;
    let taken = 0;
    for (const span of gone ? [] : spans) {
      if (this.#sentSpans + this.#spans >= mostWaiting || this.#sentBytes + writer.length >= MAX_WAITING_BYTES) break;
      writeSpan(writer, span);
      taken++;
      this.#spans++;
      if (this.#spans >= mostInBatch || writer.length >= MAX_BATCH_BYTES) this.#flush();
    }
    if (taken < spans.length) this.#drop(spans.length - taken, gone ? "" : "as many wait as may");
    if (this.#spans > 0) this.#timer ??= this.#clock.setTimeout(sendNow, this.#config.delayMs, this);
  }

  counts(): SpanCounts {
    return { exported: this.#exported, dropped: this.#dropped };
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    const worker = this.#worker;
    if (worker !== undefined && this.#sentSpans > 0 && deadlineMs > ENDING_MS) {
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.once("exit", resolve);
      const timer = this.#clock.setTimeout(resolve, deadlineMs, undefined);
      worker.ref();
      this.#post(worker, { kind: "close", withinMs: deadlineMs - ENDING_MS });
      await promise;
      this.#clock.clearTimeout(timer);
    }
    await worker?.terminate();
    const lost = this.#spans + this.#sentSpans;
    this.#spans = 0;
    this.#sentSpans = 0;
    if (lost > 0) this.#drop(lost, "the process has ended before they were sent");
  }

  /** Callback of the timers. */
  flush(): void {
    this.#flush();
  }

  #flush(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    // While there is no thread, spans wait here, within the same bound.
    if (this.#spans === 0 || this.#worker === undefined) return;
    const spans = this.#spans;
    const body = this.#writer.take();
    this.#writer.start();
    this.#spans = 0;
    this.#sentSpans += spans;
    this.#sentBytes += body.length;
    this.#post(this.#worker, { kind: "batch", spans, head: this.#head(body.length), body }, body.buffer);
  }

  #post(worker: Worker | SameThread, message: ToThread, ...transferred: ArrayBuffer[]): void {
    worker.postMessage(message, transferred);
  }

  #start(): void {
    const worker = this.#startThread(this.#sending);
    this.#worker = worker;
    // The thread keeps no idle process alive.
    worker.unref();
    let cause: unknown;
    worker.on("error", (error) => {
      cause = error;
    });
    worker.on("message", (done: FromThread) => this.#done(done));
    worker.on("exit", () => this.#ended(worker, cause));
  }

  #done({ spans, bytes, lost, why }: FromThread): void {
    this.#sentSpans -= spans;
    this.#sentBytes -= bytes;
    this.#exported += spans - lost;
    if (lost > 0) this.#drop(lost, "");
    if (why !== "") this.#fault(`traces: the collector at ${shown(this.#config.url)}`, why);
  }

  #ended(worker: Worker | SameThread, cause: unknown): void {
    if (this.#worker !== worker || this.#closed) return;
    this.#worker = undefined;
    const lost = this.#sentSpans;
    this.#sentSpans = 0;
    this.#sentBytes = 0;
    if (lost > 0) this.#drop(lost, "");
    this.#restarts++;
    const last = this.#restarts > MAX_RESTARTS;
    this.#fault(`traces: the thread that sends them has ended${last ? " once too often" : ""}`, cause);
    if (last) {
      this.#drop(this.#spans, "");
      this.#spans = 0;
      this.#writer.start();
      return;
    }
    const again = (): void => {
      if (this.#closed) return;
      this.#start();
      this.#flush();
    };
    this.#clock.setTimeout(again, RESTART_MS * this.#restarts, undefined);
  }

  #drop(spans: number, why: string): void {
    this.#dropped += spans;
    if (why !== "") this.#fault("traces: spans are dropped", why);
  }
}

const sendNow = (sink: OtlpSink): void => sink.flush();

function resourceOf(attributes: Readonly<Record<string, string>>, name: string, version: string): Attributes {
  const known: Readonly<Record<string, string | bigint>> = {
    "service.name": name,
    "service.instance.id": randomUUID(),
    "process.pid": BigInt(process.pid),
    "process.runtime.name": "nodejs",
    "process.runtime.version": process.versions.node,
    ...attributes,
    "telemetry.sdk.name": "protobff",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.version": version,
  };
  return Object.entries(known);
}

/** Removes parts that may be secret: user, password, query. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function withoutOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env;
  return rest;
}
