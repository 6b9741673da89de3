// The upstream of the runs example: runs that tick, visible to every client that watches them. With NATS it also
// publishes its events.
import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type RunEvent, RunEventSchema, WorkerService } from "../../generated/worker/v1/worker_pb.ts";
import { publisherTo } from "./publisher.ts";

/** A run, with all its events until now. */
class LongRun {
  readonly events: RunEvent[] = [];
  #wake = Promise.withResolvers<void>();

  append(event: RunEvent): void {
    this.events.push(event);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
  /** From the event behind this number on, to the final one. */
  async *after(seq: number, signal: AbortSignal): AsyncGenerator<RunEvent> {
    const left = once(signal, "abort").catch(() => {});
    for (let at = seq; ; ) {
      const event = this.events[at];
      if (event === undefined) await Promise.race([this.#wake.promise, left]);
      else {
        yield event;
        at++;
      }
      if (event?.final === true || signal.aborted) return;
    }
  }
}

export interface Worker {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

export interface WorkerOptions {
  /** Between two events, in milliseconds. */
  readonly everyMs: number;
  /** Number of events of a run. */
  readonly events: number;
  /** `nats://…`: events are published there. */
  readonly nats?: string | undefined;
}

const ACTORS = ["u-ada", "u-dina", "u-farah"];
const TEXTS = ["reads the code", "writes a test", "sees it fail", "mends it", "runs all tests"];

/** Starts the service on a free port. */
export async function startWorker({ everyMs, events, nats }: WorkerOptions): Promise<Worker> {
  const runs = new Map<string, LongRun>();
  const publisher = nats === undefined ? undefined : await publisherTo(nats);
  const timers = new Set<NodeJS.Timeout>();
  const start = (id: string): void => {
    const run = new LongRun();
    runs.set(id, run);
    const timer = setInterval(() => {
      const event = eventOf(id, run.events.length + 1, events);
      run.append(event);
      publisher?.publish(`runs.${id}.events`, toBinary(RunEventSchema, event));
      if (event.final) end(timer);
    }, everyMs);
    timers.add(timer);
  };
  const end = (timer: NodeJS.Timeout): void => {
    clearInterval(timer);
    timers.delete(timer);
  };
  const server = createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(WorkerService, {
          start({ task }) {
            const id = `run-${runs.size + 1}`;
            start(id);
            return { id, task };
          },
          watch({ runId, afterSeq }, { signal }) {
            const run = runs.get(runId);
            if (run === undefined) throw new ConnectError(`no run ${runId}`, Code.NotFound);
            return run.after(Number(afterSeq), signal);
          },
        }),
    }),
  );
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const timer of timers) end(timer);
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await publisher?.close();
    },
  };
}

function eventOf(runId: string, number: number, of: number): RunEvent {
  return create(RunEventSchema, {
    runId,
    seq: BigInt(number),
    percent: Math.round((number / of) * 100),
    text: number === of ? "is done" : (TEXTS[(number - 1) % TEXTS.length] ?? ""),
    actorId: ACTORS[(number - 1) % ACTORS.length] ?? "",
    final: number === of,
  });
}
