// `npm run torture -- --small`: runs are followed by many clients over all protocols, while two BFFs, NATS and the clients themselves
// are killed in turn. Each has to see every number once and in order, or a reset in front of a state that holds; and NATS is left as it was.
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { connect, type FollowTransport, events as serverSentEvents, webSocket } from "@protobff/client";
import { addressVariables, type BffProcess, startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { type Nats, startNats } from "../../../examples/runs/nats.ts";
import { RunEventSchema } from "../../../generated/worker/v1/worker_pb.ts";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { balanced } from "./balancer.ts";
import { RunFollower } from "./one-follower.ts";

export interface TortureOptions {
  /** Number of events of each key. */
  readonly events: number;
  readonly keys: number;
  readonly followers: number;
  /** Between two events of a key, in milliseconds. */
  readonly everyMs: number;
  /** Between two kills, in milliseconds. */
  readonly killMs: number;
  /** True if BFFs are also killed outright: their consumers in NATS stay there for the inactivity limit of a minute. */
  readonly outright: boolean;
  readonly log: (line: string) => void;
}

export interface Tortured {
  /** Faults, by follower. */
  readonly faults: readonly string[];
  readonly items: number;
  readonly resets: number;
  readonly kills: number;
  /** On NATS, at the end. */
  readonly consumers: number;
}

const ENTRY = "generated/runs/v1/server.ts";
export const LEAST_KILLS = 3;

export async function torture(options: TortureOptions): Promise<Tortured> {
  const closing: (() => Promise<unknown>)[] = [];
  try {
    return await run(options, closing);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function run(options: TortureOptions, closing: (() => Promise<unknown>)[]): Promise<Tortured> {
  const { events, keys, followers: count, log } = options;
  const nats = await startNats();
  closing.push(() => nats.close());
  const publisher = await publishing(nats.url);
  closing.push(() => publisher.close());
  const upstreams = await startUpstreams({});
  closing.push(() => upstreams.close());
  const env = {
    ...addressVariables({
      "worker.v1.WorkerService": "http://127.0.0.1:1",
      "user.v1.UserService": upstreams.urls.user,
    }),
    NATS_URL: nats.url,
    BFF_MCP: "false",
    BFF_GRACE: "2s",
  };
  const bffs = [new Bff(await freePort(), env), new Bff(await freePort(), env)];
  closing.push(() => Promise.all(bffs.map((bff) => bff.stop())));
  await Promise.all(bffs.map((bff) => bff.start()));
  const front = await balanced(bffs.map(({ port }) => port));
  closing.push(() => front.close());
  const transports = transportsOf(front.url, count);
  const ids = Array.from({ length: keys }, (_, i) => `k${i}`);
  const all = Array.from(
    { length: count },
    (_, i) => new RunFollower(ids[i % keys] ?? "", transports[i % transports.length] as FollowTransport),
  );
  const finished = Promise.all(all.map(({ done }) => done));
  let over = false;
  const end = finished.then(
    () => {
      over = true;
    },
    (thrown: unknown) => {
      over = true;
      throw thrown;
    },
  );
  // A BFF, clients and NATS: however long a BFF takes to start again.
  const enough = Promise.withResolvers<void>();
  const onKill = (kills: number): void => {
    if (kills >= LEAST_KILLS) enough.resolve();
  };
  const killed = killing({ options, bffs, nats, followers: all, isOver: () => over, onKill });
  const [kills] = await Promise.all([killed, end, publisher.publish(ids, options, enough.promise)]);
  log(`all ${count} have come to their end after ${kills} kills`);
  await Promise.all(bffs.map((bff) => bff.stop()));
  const consumers = await publisher.consumers(options.outright ? 90_000 : 20_000);
  return {
    faults: all.flatMap((follower, i) => {
      const fault = follower.fault(events);
      return fault === undefined ? [] : [`follower ${i} of ${follower.runId} ${fault}`];
    }),
    items: all.reduce((sum, { seen }) => sum + seen.length, 0),
    resets: all.reduce((sum, { resets }) => sum + resets.length, 0),
    kills,
    consumers,
  };
}

/** A WebSocket carries 100 at most. */
function transportsOf(baseUrl: string, count: number): FollowTransport[] {
  const sockets = Array.from({ length: Math.ceil(count / 4 / 50) }, () => webSocket({ baseUrl }));
  const grpc = connect(createGrpcTransport({ baseUrl }));
  const http1 = connect(createConnectTransport({ baseUrl, httpVersion: "1.1" }));
  return sockets.flatMap((socket) => [socket, serverSentEvents({ baseUrl }), grpc, http1]);
}

/** A server that is always at the same port. */
class Bff {
  readonly port: number;
  readonly #env: Readonly<Record<string, string>>;
  #process: BffProcess | undefined;

  constructor(port: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.#env = env;
  }
  async start(): Promise<void> {
    this.#process = await startBff(ENTRY, { ...this.#env, PORT: String(this.port) });
  }
  async stop(): Promise<void> {
    await this.#process?.stop();
  }
  async kill(): Promise<void> {
    const { pid } = this.#process ?? {};
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    await this.stop();
  }
}

interface Killing {
  readonly options: TortureOptions;
  readonly bffs: readonly Bff[];
  readonly nats: Nats;
  readonly followers: readonly RunFollower[];
  readonly isOver: () => boolean;
  /** Receives the number of kills until now. */
  readonly onKill: (kills: number) => void;
}

/** In turn, until all is over. */
async function killing({ options, bffs, nats, followers, isOver, onKill }: Killing): Promise<number> {
  const again = (bff: Bff | undefined, outright: boolean) => async (): Promise<void> => {
    await (outright ? bff?.kill() : bff?.stop());
    await bff?.start();
  };
  const turns: readonly (readonly [string, () => Promise<void>])[] = [
    ["a BFF is stopped", again(bffs[0], false)],
    [
      "clients are killed",
      async () => {
        for (const follower of followers.filter((_, i) => i % 10 === 3)) follower.kill();
      },
    ],
    [
      "NATS is killed",
      async () => {
        await nats.kill();
        await nats.start();
      },
    ],
    [options.outright ? "a BFF is killed" : "the other BFF is stopped", again(bffs[1], options.outright)],
  ];
  for (let kills = 0; ; kills++) {
    await sleep(options.killMs);
    if (isOver()) return kills;
    const [what, kill] = turns[kills % turns.length] as (typeof turns)[number];
    options.log(`${what}; items so far: ${followers.reduce((sum, { seen }) => sum + seen.length, 0)}`);
    await kill();
    onKill(kills + 1);
  }
}

/**
 * Publishes with NATS' own client, which retries until the broker confirms the event; a repeated event is kept once.
 */
async function publishing(url: string) {
  const connection = await connectNats({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const manager = await jetstreamManager(connection);
  const stream = jetstream(connection);
  await manager.streams.add({ name: "RUNS", subjects: ["runs.*.events"], allow_direct: true });
  const publish = async (id: string, number: number, final: boolean): Promise<void> => {
    const event = create(RunEventSchema, {
      runId: id,
      seq: BigInt(number),
      text: String(number),
      actorId: "u-ada",
      final,
    });
    for (;;) {
      try {
        await stream.publish(`runs.${id}.events`, toBinary(RunEventSchema, event), { msgID: `${id}-${number}` });
        return;
      } catch {
        await sleep(50); // it is away
      }
    }
  };
  return {
    /** The last of each is held back until then. */
    async publish(ids: readonly string[], { events, everyMs }: TortureOptions, last: Promise<void>): Promise<void> {
      const publishRun = async (id: string, i: number): Promise<void> => {
        await sleep((i * everyMs) / ids.length);
        for (let number = 1; number <= events; number++) {
          if (number === events) await last;
          await publish(id, number, number === events);
          await sleep(everyMs);
        }
      };
      await Promise.all(ids.map(publishRun));
    },
    /** Returns the number of consumers: once it is zero, or after `withinMs`. */
    async consumers(withinMs: number): Promise<number> {
      for (const until = performance.now() + withinMs; ; await sleep(200)) {
        const { state } = await manager.streams.info("RUNS");
        if (state.consumer_count === 0 || performance.now() > until) return state.consumer_count;
      }
    },
    close: () => connection.close(),
  };
}

export const WHOLE = { events: 50, keys: 200, followers: 500, everyMs: 1_000, killMs: 1_500, outright: true } as const;
export const SMALL = { events: 20, keys: 8, followers: 32, everyMs: 250, killMs: 500, outright: false } as const;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const log = (line: string): void => console.log(line);
  const result = await torture({ ...(process.argv.includes("--small") ? SMALL : WHOLE), log });
  for (const fault of result.faults) console.log(fault);
  const { faults, items, resets, kills, consumers } = result;
  console.log(
    `${items} items, ${resets} resets, ${kills} kills, ${faults.length} followers with a fault, ${consumers} consumers left`,
  );
  process.exitCode = faults.length > 0 || consumers > 0 ? 1 : 0;
}
