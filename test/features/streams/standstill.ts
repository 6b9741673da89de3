// `npm run standstill -- --runs 100 --seed 1`: follows runs while SIGSTOP stops BFF, broker and clients in turn. A
// stream that keeps few items drops those that no client could take meanwhile. Each follower must receive the items of
// the broker's log, or a reset.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { addressVariables, startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { startNats } from "../../../examples/runs/nats.ts";
import { RunEventSchema } from "../../../generated/worker/v1/worker_pb.ts";
import { randomFrom } from "../../proofs/fuzz/random.ts";
import { type Order, PROTOCOLS, type Received } from "./standstill-client.ts";

export interface StandstillOptions {
  readonly runs: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}
export interface StoodStill {
  /** Faults, by follower. */
  readonly faults: readonly string[];
  readonly items: number;
  readonly resets: number;
  readonly stops: number;
}

/** Items of a run that the stream keeps. */
const KEPT = 20;
const STEPS = 3;
const MAX_ITEMS = 60;
const MAX_STOPPED_MS = 100;
/** A stop is long once in this number of stops, on average. */
const LONG_EVERY = 40;
const LONG_MS = 1_500;
/** A run whose followers have not ended by then has failed, in milliseconds. */
const END_MS = 60_000;

export async function standstill(options: StandstillOptions): Promise<StoodStill> {
  const closing: (() => Promise<unknown>)[] = [];
  try {
    return await new Standstill(options, await start(closing)).run();
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

interface World {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly clients: Clients;
  /** Process ids. */
  readonly stoppable: readonly (readonly [string, number])[];
}

async function start(closing: (() => Promise<unknown>)[]): Promise<World> {
  const nats = await startNats();
  closing.push(() => nats.close());
  const connection = await connectNats({ servers: nats.url, maxReconnectAttempts: -1 });
  closing.push(() => connection.close());
  const jsm = await jetstreamManager(connection, { timeout: 20_000 });
  const stream = { name: "RUNS", subjects: ["runs.*.events"], allow_direct: true, max_msgs_per_subject: KEPT };
  await jsm.streams.add({ ...stream, storage: "memory" });
  const upstreams = await startUpstreams({});
  closing.push(() => upstreams.close());
  const bff = await startBff("generated/runs/v1/server.ts", {
    ...addressVariables({
      "worker.v1.WorkerService": "http://127.0.0.1:1",
      "user.v1.UserService": upstreams.urls.user,
    }),
    NATS_URL: nats.url,
    BFF_MCP: "false",
  });
  closing.push(() => bff.stop());
  const clients = new Clients(bff.url);
  closing.push(async () => clients.close());
  const stoppable = [["BFF", bff.pid] as const, ["broker", nats.pid ?? 0] as const, ["clients", clients.pid] as const];
  return { js: jetstream(connection, { timeout: 20_000 }), jsm, clients, stoppable };
}

/** Items and resets that one follower received. */
interface Seen {
  readonly numbers: number[];
  /** Indices of items that reset. */
  readonly resets: number[];
  readonly ended: PromiseWithResolvers<string>;
}

/** The process of the clients. */
class Clients {
  readonly #child: ChildProcess;
  readonly #seen: Seen[] = [];

  constructor(url: string) {
    const path = fileURLToPath(new URL("standstill-client.ts", import.meta.url));
    this.#child = spawn(process.execPath, [path, url], { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (stdout !== null) createInterface({ input: stdout }).on("line", (line) => this.#received(JSON.parse(line)));
  }
  get pid(): number {
    return this.#child.pid ?? 0;
  }
  follow(runId: string, protocol: Order["protocol"]): Seen {
    const seen: Seen = { numbers: [], resets: [], ended: Promise.withResolvers() };
    const follower = this.#seen.push(seen) - 1;
    this.#child.stdin?.write(`${JSON.stringify({ follower, runId, protocol } satisfies Order)}\n`);
    return seen;
  }
  #received(received: Received): void {
    const seen = this.#seen[received.follower];
    if (seen === undefined) return;
    if ("end" in received) {
      seen.ended.resolve(received.end);
      return;
    }
    if (received.reset) seen.resets.push(seen.numbers.length);
    seen.numbers.push(received.number);
  }
  close(): void {
    this.#child.kill("SIGKILL");
  }
}

class Standstill {
  readonly #options: StandstillOptions;
  readonly #world: World;
  readonly #random: () => number;
  readonly #faults: string[] = [];
  #stops = 0;
  #items = 0;
  #resets = 0;

  constructor(options: StandstillOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#random = randomFrom(options.seed);
  }
  async run(): Promise<StoodStill> {
    for (let run = 0; run < this.#options.runs; run++) await this.#oneRun(`r${run}`);
    return { faults: this.#faults, items: this.#items, resets: this.#resets, stops: this.#stops };
  }
  #below(most: number): number {
    return Math.floor(this.#random() * most);
  }
  async #oneRun(runId: string): Promise<void> {
    const { clients, stoppable } = this.#world;
    const published: number[] = [];
    const followers = PROTOCOLS.map((protocol) => [protocol, clients.follow(runId, protocol)] as const);
    for (let step = 0; step < STEPS; step++) {
      const count = 1 + this.#below(MAX_ITEMS);
      const [name, pid] = stoppable[this.#below(stoppable.length)] ?? ["", 0];
      const long = this.#below(LONG_EVERY) === 0;
      const stoppedMs = long ? LONG_MS : this.#below(MAX_STOPPED_MS);
      this.#options.log(`${runId}: ${name} stops for ${stoppedMs} ms while ${count} items are published`);
      process.kill(pid, "SIGSTOP");
      const publishing = this.#publish(runId, published, count, false);
      if (name !== "broker") await publishing;
      await sleep(stoppedMs);
      process.kill(pid, "SIGCONT");
      await publishing;
      this.#stops++;
      if (this.#below(2) === 0) await sleep(this.#below(MAX_STOPPED_MS));
    }
    await this.#publish(runId, published, 1, true);
    for (const [protocol, seen] of followers) {
      const fault = await this.#faultOf(runId, seen, published.length);
      if (fault !== undefined) this.#faults.push(`${runId} by ${protocol} ${fault}`);
      this.#items += seen.numbers.length;
      this.#resets += seen.resets.length;
    }
  }
  /** Another run's item behind each: the numbers of the stream leave gaps. */
  async #publish(runId: string, published: number[], count: number, final: boolean): Promise<void> {
    const { js } = this.#world;
    const acknowledged: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      const number = published.push(published.length + 1);
      const event = create(RunEventSchema, {
        runId,
        seq: BigInt(number),
        text: String(number),
        actorId: "u-ada",
        final,
      });
      acknowledged.push(js.publish(`runs.${runId}.events`, toBinary(RunEventSchema, event)));
      acknowledged.push(js.publish("runs.aside.events", toBinary(RunEventSchema, event)));
    }
    await Promise.all(acknowledged);
  }
  /** Returns the fault in the items that one follower received of `count`; undefined: none. */
  async #faultOf(runId: string, seen: Seen, count: number): Promise<string | undefined> {
    const end = await Promise.race([seen.ended.promise, sleep(END_MS, "does not end", { ref: false })]);
    if (end !== "ended") return `${end}, behind ${seen.numbers.at(-1)}`;
    const { numbers, resets } = seen;
    const hole = numbers.findIndex((number, i) => i > 0 && number !== (numbers[i - 1] ?? 0) + 1 && !resets.includes(i));
    if (hole >= 0) return `has ${numbers[hole]} behind ${numbers[hole - 1]} without a reset`;
    if (numbers.at(-1) !== count) return `ends with ${numbers.at(-1)} of ${count}`;
    const kept = await this.#kept(runId);
    const held = numbers.slice(resets.at(-1) ?? 0).slice(-kept.length);
    return held.join() === kept.join() ? undefined : `has ${held.join()} of what is kept: ${kept.join()}`;
  }
  /** The broker's log of a run. */
  async #kept(runId: string): Promise<number[]> {
    const { direct } = this.#world.jsm;
    const kept: number[] = [];
    for (let seq = 1; ; ) {
      const stored = await direct.getMessage("RUNS", { seq, next_by_subj: `runs.${runId}.events` });
      if (stored === null) return kept;
      kept.push(Number(fromBinary(RunEventSchema, stored.data).text));
      seq = stored.seq + 1;
    }
  }
}

export const CI = { runs: 100, seed: 1 } as const;

if (import.meta.main) {
  const { values } = parseArgs({ options: { runs: { type: "string" }, seed: { type: "string" } } });
  const options = { runs: Number(values.runs ?? 100), seed: Number(values.seed ?? Date.now() % 1_000_000) };
  console.log(`${options.runs} runs, --seed ${options.seed}`);
  const result = await standstill({ ...options, log: (line) => console.log(line) });
  for (const fault of result.faults) console.log(fault);
  console.log(`${result.items} items, ${result.resets} resets, ${result.stops} stops, ${result.faults.length} faults`);
  process.exitCode = result.faults.length > 0 ? 1 : 0;
}
