// The thread that sends traces, so that compressing and TLS take nothing from requests. What the two sides tell each other is here.
import { parentPort, workerData } from "node:worker_threads";
import { type Batch, type SendConfig, Sender } from "./otlp-sender.ts";

/** To the thread. */
export type ToThread =
  | ({ readonly kind: "batch" } & Batch)
  /** The last one: to end, within so many milliseconds. */
  | { readonly kind: "close"; readonly withinMs: number };

/** From the thread: what became of a batch, and that it holds nothing of it any more; of no spans where it will be tried again. */
export interface FromThread {
  readonly spans: number;
  /** Of its body. */
  readonly bytes: number;
  readonly lost: number;
  /** What the collector has done, or not done: the end of a sentence; "" where all is well. */
  readonly why: string;
}

if (parentPort !== null) {
  const port = parentPort;
  const tell = (told: FromThread): void => port.postMessage(told);
  const sender = new Sender(workerData as SendConfig, {
    sent: ({ batch, lost, why }) => tell({ spans: batch.spans, bytes: batch.body.length, lost, why }),
    failed: (why) => tell({ spans: 0, bytes: 0, lost: 0, why }),
  });
  port.on("message", (message: ToThread) => {
    if (message.kind === "batch") sender.send(message);
    // Without its port nothing keeps the thread.
    else void sender.close(message.withinMs).then(() => port.close());
  });
}
