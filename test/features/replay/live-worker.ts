// The upstream whose runs are followed: each opening may end, fail or stay silent after some of its events.
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { type Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type WatchRequest, WorkerService } from "../../../generated/worker/v1/worker_pb.ts";

/** Behaviour after some events of an opening. */
export interface Break {
  readonly items: number;
  /** Status of the stream. Undefined: it stays silent. */
  readonly code?: Code | undefined;
}

const EVENTS = 12;
/** Number of events that are sent at once. */
const BURST = 3;

export class LiveWorker {
  /** Decides the behaviour of each opening; undefined: the stream ends after its final event. */
  breaks: (afterSeq: number) => Break | undefined = () => undefined;
  /** End of the text of each event. */
  text = "";
  /** Number of openings until now. */
  opened = 0;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #server = createServer(
    connectNodeAdapter({
      routes: (router) => router.service(WorkerService, { watch: (request, context) => this.#watch(request, context) }),
    }),
  );

  static async start(): Promise<LiveWorker> {
    const worker = new LiveWorker();
    const server = worker.#server;
    server.on("session", (session) => {
      worker.#sessions.add(session);
      session.on("error", () => {});
      session.on("close", () => worker.#sessions.delete(session));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return worker;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  /** Breaks all connections. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
  }
  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
  async *#watch({ runId, afterSeq }: WatchRequest, { signal }: HandlerContext) {
    const seq = Number(afterSeq);
    this.opened++;
    const end = this.breaks(seq);
    for (let at = seq + 1; at <= EVENTS; at++) {
      if (end !== undefined && at > seq + end.items) {
        if (end.code === undefined) await once(signal, "abort");
        throw new ConnectError("made to fail", end.code);
      }
      if (at % BURST === 0) await setTimeout(5, undefined, { signal });
      const text = at % 5 === 0 ? "internal" : `event ${at}${this.text}`;
      const actorId = `u-${["ada", "dina", "farah"][at % 3]}`;
      yield { runId, seq: BigInt(at), percent: Math.round((at / EVENTS) * 100), text, actorId, final: at === EVENTS };
    }
  }
}
