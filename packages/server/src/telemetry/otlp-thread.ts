// The thread that sends traces, so that compression and TLS take no time from requests. It also defines the messages
// between the two threads.
import { EventEmitter } from "node:events";
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

/** Returns the function that receives messages. `end` is called after the last one. */
async function receiver(
  traces: SendConfig,
  post: (message: FromThread) => void,
  end: () => void,
): Promise<(message: ToThread) => void> {
  const { Sender } = await import("./otlp-sender.ts"); // the main thread sends nothing
  const sender = new Sender(traces, {
    sent: ({ batch, lost, why }) => post({ spans: batch.spans, bytes: batch.body.length, lost, why }),
    failed: (why) => post({ spans: 0, bytes: 0, lost: 0, why }),
  });
  return (message) => {
    if (message.kind === "batch") sender.send(message);
    else void sender.close(message.withinMs).then(end);
  };
}

const { traces } = (workerData ?? {}) as Partial<ThreadData>;
if (parentPort !== null && traces !== undefined) {
  const port = parentPort;
  const post = (message: FromThread): void => port.postMessage(message);
  // Without its open port the thread ends.
  port.on("message", await receiver(traces, post, () => port.close()));
}

/** Sends from the calling thread, with the methods and events of a `Worker` that the sink uses. */
export class SameThread extends EventEmitter {
  readonly #receive: ReturnType<typeof receiver>;

  constructor(traces: SendConfig) {
    super();
    const post = (message: FromThread): void => void this.emit("message", message);
    this.#receive = receiver(traces, post, () => this.emit("exit"));
  }
  postMessage(message: ToThread, _transferred: readonly ArrayBuffer[]): void {
    void this.#receive.then((receive) => receive(message));
  }
  ref(): void {}
  unref(): void {}
  async terminate(): Promise<void> {}
}
