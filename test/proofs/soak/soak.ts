// Runs a real BFF process under load and faults for a while; between rounds it rests and reports its resources.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seeded } from "../../bffs/second/random-message.ts";
import { buildSecondRegistry } from "../../bffs/second/registry.ts";
import { secondRequest } from "../../bffs/second/requests.ts";
import { second } from "../load/bffs.ts";
import { generate } from "../load/generate-bff.ts";
import { clientsOf, type Tally } from "./clients.ts";
import type { Held } from "./probe.ts";
import type { Sample, SoakReport } from "./report.ts";
import { startSoakUpstreams } from "./upstreams.ts";

export interface SoakOptions {
  readonly seconds: number;
  readonly inFlight?: number;
  readonly seed?: number;
  /** More for the BFF's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives each sample. */
  readonly progress?: (sample: Sample) => void;
}

/** Different requests; all of them again and again, so that what is remembered of them ends growing. */
const REQUESTS = 2_000;
/** Rounds of load after the warm-up, each ended by a sample. */
const ROUNDS = 6;
/** The part of the time that warms up: code is compiled, tables grow to their size. */
const WARM_UP = 0.25;
/** Calls with side effects go on when their response has ended, breakers stay open, connections that were added for a moment close. */
const REST_MS = 60_000;

/** Runs one soak: rounds, rests and samples. */
export async function soak({ seconds, inFlight = 24, seed = 1, env, progress }: SoakOptions): Promise<SoakReport> {
  const random = seeded("soak", seed);
  const registry = buildSecondRegistry();
  const requests = Array.from({ length: REQUESTS }, (_, number) => secondRequest(registry, number, seed));
  const dir = generate({ ...second, name: "soak" }, true, true);
  const upstreams = await startSoakUpstreams(registry, random);
  const remove = () => rmSync(dir, { recursive: true, force: true });
  process.once("exit", remove);
  const cleared = async (): Promise<void> => {
    await upstreams.close();
    process.off("exit", remove);
    remove();
  };
  const bff = await start(join(dir, "gen/shop/v1/server.ts"), { ...upstreams.env, ...env }).catch(async (error) => {
    await cleared();
    throw error;
  });
  const tally: Tally = { requests: 0, answers: 0, degraded: 0, statuses: {} };
  const samples: Sample[] = [];

  const round = async (ms: number): Promise<void> => {
    const clients = clientsOf(bff.url, requests, random, tally);
    upstreams.misbehave(true);
    const end = performance.now() + ms;
    await clients.run(inFlight, () => performance.now() < end && bff.running, true);
    upstreams.misbehave(false);
    const rested = performance.now() + REST_MS;
    // The first sample is the reference for the others: with a connection to every upstream, once their breakers let
    // calls through.
    const more = () => upstreams.sessions < upstreams.services && performance.now() < rested && bff.running;
    if (samples.length === 0) await clients.run(4, more, false);
    clients.close();
    const atRest = () => upstreams.streams === 0 && upstreams.sessions <= upstreams.services;
    while (!atRest() && performance.now() < rested && bff.running) await pause(50);
    // and until nothing is about to close any more
    const first = samples[0]?.held.handles;
    let before: Held["handles"] | undefined;
    while (performance.now() < rested) {
      const handles = await bff.handles();
      if (handles === undefined) return;
      if (before !== undefined && !exceeds(before, handles) && !exceeds(handles, first ?? handles)) break;
      before = handles;
      await pause(200);
    }
    const held = await bff.held();
    if (held === undefined) return;
    const { streams, sessions } = upstreams;
    const sample = { requests: tally.requests, held, streams, sessions };
    samples.push(sample);
    progress?.(sample);
  };

  try {
    await round(seconds * 1_000 * WARM_UP);
    for (let i = 0; i < ROUNDS && bff.running; i++) await round((seconds * 1_000 * (1 - WARM_UP)) / ROUNDS);
    const exit = await bff.stop();
    return { ...tally, calls: upstreams.calls, faults: upstreams.faults, services: upstreams.services, samples, exit };
  } finally {
    bff.kill();
    await cleared();
  }
}

function exceeds(now: Readonly<Record<string, number>>, most: Readonly<Record<string, number>>): boolean {
  return Object.entries(now).some(([kind, count]) => count > (most[kind] ?? 0));
}

async function start(entry: string, env: Readonly<Record<string, string>>) {
  const probe = new URL("probe.ts", import.meta.url).href;
  const child = fork(entry, [], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: { ...process.env, HOST: "127.0.0.1", PORT: "0", ...env },
    execArgv: ["--expose-gc", "--import", probe],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4_000);
  });
  const ended = once(child, "exit");
  const alive = () => child.exitCode === null && child.signalCode === null;
  const url = await listening(child).catch((error: unknown) => {
    kill();
    throw new Error(`${error instanceof Error ? error.message : error}\n${errors}`);
  });
  /** Undefined when it has ended. */
  const query = async (question: string): Promise<unknown> => {
    if (!alive()) return undefined;
    const answered = once(child, "message").then(([answer]) => answer);
    child.send(question);
    return Promise.race([answered, ended.then(() => undefined)]);
  };
  return {
    url,
    get running() {
      return alive();
    },
    handles: () => query("handles") as Promise<Held["handles"] | undefined>,
    held: () => query("held") as Promise<Held | undefined>,
    /** Sends SIGTERM; returns how the process ended, with its last output if that was not in order. */
    async stop(): Promise<string> {
      const early = !alive();
      child.kill("SIGTERM");
      await ended;
      const how = `${child.exitCode ?? child.signalCode}`;
      return early || how !== "0" ? `${how}${early ? " by itself" : ""}\n${errors}` : how;
    },
    kill,
  };
}

async function listening(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("no standard output");
  const lines = createInterface({ input: child.stdout });
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`the BFF ended with ${code} before it listened`);
  });
  const found = (async () => {
    for await (const line of lines) {
      const url = /^listening on (http:\/\/\S+)/.exec(line)?.[1];
      if (url !== undefined) return url;
    }
    return gone;
  })();
  const url = await Promise.race([found, gone]);
  gone.catch(() => {});
  child.stdout.resume();
  return url;
}
