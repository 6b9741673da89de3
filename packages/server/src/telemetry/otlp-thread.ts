// The thread that sends traces, so that compression and TLS take no time from requests. It also defines the messages
// between the two threads.
import { parentPort, workerData } from "node:worker_threads";
import type { Batch, SendConfig } from "./otlp-sender.ts";

/** Messages to the thread. */
export type ToThread =
  | ({ readonly kind: "batch" } & Batch)
  /** Last message: the thread ends within this number of milliseconds. */
  | { readonly kind: "close"; readonly withinMs: number };

/**
 * Message from the thread: the final result of a batch, of which it holds nothing any more. `spans` is 0 if the batch
 * will be retried.
 */
export interface FromThread {
  readonly spans: number;
  /** Size of the batch's body, in bytes. */
  readonly bytes: number;
  readonly lost: number;
  /** The collector's failure, as the end of a sentence; "" for a success. */
  readonly why: string;
}

/** Data of the thread. No other thread that imports this module has it. */
export interface ThreadData {
  readonly traces: SendConfig;
}

/** This module, as the program of a thread. */
export const thread = new URL(import.meta.url);

const { traces } = (workerData ?? {}) as Partial<ThreadData>;
if (parentPort !== null && traces !== undefined) {
  const { Sender } = await import("./otlp-sender.ts"); // the main thread sends nothing
  const port = parentPort;
  const post = (message: FromThread): void => port.postMessage(message);
  const sender = new Sender(traces, {
    sent: ({ batch, lost, why }) => post({ spans: batch.spans, bytes: batch.body.length, lost, why }),
    failed: (why) => post({ spans: 0, bytes: 0, lost: 0, why }),
  });
  port.on("message", (message: ToThread) => {
    if (message.kind === "batch") sender.send(message);
    // Without its open port the thread ends.
    else void sender.close(message.withinMs).then(() => port.close());
  });
}
