// Runs an attack against a generated server in a separate process, with a limited heap and a normal client beside it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { seeded } from "../../../../bffs/second/random-message.ts";
import { seedOf } from "../../../../support/seed/seed.ts";
import {
  ATTACK_MS,
  BFF_COMMAND,
  besideQuiet,
  CLIENT_ENV,
  CLIENT_REQUEST,
  goFirst,
  OTHERS_COMMAND,
} from "./beside-quiet.ts";
import { generated } from "./generate-bff.ts";
import type { Memory } from "./memory.ts";
import type { Normal, Served } from "./normal-client.ts";
import { Process } from "./processes.ts";

export { ATTACK_MS };

export interface AttackOptions {
  /** More for the BFF's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Heap of the BFF, in MB. Default: 512. */
  readonly heapMb?: number;
  /** More for node, before the script. */
  readonly flags?: readonly string[];
  /** Time that each answer of the upstream takes, in milliseconds. Default: 0. */
  readonly latencyMs?: number;
  /** Time between the end of the attack and the reading of the BFF's memory, in milliseconds. Default: 250. */
  readonly restMs?: number;
  /** The package whose server is attacked; default `atk`. */
  readonly server?: "atk" | "idn" | "bag" | "fwd" | "top" | "req" | "psn" | "pur" | "hst";
  /** Request of the normal client. Default: AtkService/Fast, or Cached if its latency is measured. */
  readonly normal?: NormalRequest;
}
export interface NormalRequest {
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The BFF under attack. */
export interface Target {
  readonly url: string;
  readonly port: number;
  readonly upstreamUrl: string;
  /** End of the BFF; undefined while it runs. */
  readonly ended: string | undefined;
  memory(): Promise<Memory>;
  /** Returns the calls of the upstream since its start. */
  upstream(): Promise<UpstreamCalls>;
}

export interface UpstreamCalls {
  readonly calls: number;
  readonly cancelled: number;
}

/** An attack, once. */
export interface Attempt<T> {
  readonly result: T;
  /** End of the BFF: "SIGABRT"; undefined while it runs. */
  readonly ended: string | undefined;
  /** The end of its standard error. */
  readonly log: string;
  /** Results of the normal client during the attack. */
  readonly normal: Normal;
  readonly cost: Cost;
  /** HTTP/2 implementation that was attacked. */
  readonly framing: "own" | "node";
}

export interface Outcome<T> extends Attempt<T> {
  readonly before: Memory;
  readonly after: Memory;
  /** The most that the system counted, in bytes. */
  readonly peakRss: number;
}

/**
 * Length of the attack, and processor time of each process meanwhile, in milliseconds; NaN if the system does not
 * report it.
 */
export interface Cost {
  readonly lastedMs: number;
  readonly bffMs: number;
  readonly upstreamMs: number;
  readonly attackerMs: number;
}

/**
 * The HTTP/2 that a test attacks: what the test or BFF_HTTP2_SERVER names, else chosen by the seed. So a few runs attack both, and a test that
 * runs again alone attacks the same one.
 */
function nextFraming(env: AttackOptions["env"]): "own" | "node" {
  const named = env?.BFF_HTTP2_SERVER ?? process.env.BFF_HTTP2_SERVER;
  if (named === "own" || named === "node") return named;
  const test = expect.getState().currentTestName ?? "";
  return seeded("framing", seedOf(), test)() < 0.5 ? "own" : "node";
}

const NOTHING: Memory = { heap: 0, buffers: 0, external: 0, rss: 0 };
const PROBE = fileURLToPath(new URL("memory.ts", import.meta.url));
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs an attack; returns its result and the states of the BFF and of the normal client. */
export async function attacked<T>(
  attack: (target: Target) => Promise<T>,
  options: AttackOptions = {},
): Promise<Outcome<T>> {
  const folder = generated();
  const latency = { LATENCY_MS: String(options.latencyMs ?? 0) };
  const upstream = new Process([script("upstream.ts"), folder], latency, OTHERS_COMMAND);
  const started: Process[] = [upstream];
  let watch: NodeJS.Timeout | undefined;
  try {
    const upstreamUrl = await upstream.url();
    const heap = `--max-old-space-size=${options.heapMb ?? 512}`;
    const entry = [heap, "--expose-gc", `--import=${PROBE}`, ...(options.flags ?? [])];
    const framing = nextFraming(options.env);
    const where = { HOST: "127.0.0.1", PORT: "0", UP_V1_ECHOSERVICE_URL: upstreamUrl, BFF_HTTP2_SERVER: framing };
    const env = { ...where, ...options.env };
    const bff = new Process([...entry, join(folder, `${options.server ?? "atk"}/v1/server.ts`)], env, BFF_COMMAND);
    started.push(bff);
    const url = await bff.url();
    const memory = async () => ((await bff.query("memory")) as Memory | undefined) ?? NOTHING;
    let counted: Promise<unknown> | undefined;
    const target: Target = {
      url,
      port: Number(new URL(url).port),
      upstreamUrl,
      memory: async () => {
        counted ??= client.query("so far"); // what is collected by force is not what others wait for
        await counted;
        return memory();
      },
      get ended() {
        return bff.ended;
      },
      upstream: async () => (await upstream.query("calls")) as UpstreamCalls,
    };
    const { path, body, headers = {} }: NormalRequest = options.normal ?? CLIENT_REQUEST;
    const warm = () => post(target, body, path, headers);
    await warm();
    const before = await memory();
    let peakRss = 0;
    watch = setInterval(() => {
      peakRss = Math.max(peakRss, rssOf(bff.pid));
    }, 50);
    const args = [url, path, body, JSON.stringify(headers)];
    const client = new Process([script("normal-client.ts"), ...args], CLIENT_ENV, OTHERS_COMMAND);
    started.push(client);
    await client.url();
    goFirst(bff, upstream, client);
    await pause(500); // it has its connections
    const pids = [bff.pid, upstream.pid, process.pid];
    const once = async (): Promise<Attempt<T>> => {
      await client.query("so far");
      counted = undefined;
      const startedAt = performance.now();
      const used = pids.map(cpuMsOf);
      const result = await attack(target);
      const [bffMs = 0, upstreamMs = 0, attackerMs = 0] = pids.map((pid, at) => cpuMsOf(pid) - (used[at] ?? 0));
      const cost: Cost = { lastedMs: performance.now() - startedAt, bffMs, upstreamMs, attackerMs };
      const normal = await (counted ?? client.query("so far"));
      await pause(options.restMs ?? 250);
      const { ended, log } = bff;
      return { result, cost, framing, ended, log, normal: normal as Normal };
    };
    const attempt = await besideQuiet(client, warm, once);
    return { ...attempt, before, after: await settled(memory, before), peakRss };
  } finally {
    clearInterval(watch);
    for (const child of started) await child.kill();
  }
}

/** Memory that the BFF may hold in addition afterwards, in bytes: code is compiled, tables have grown. */
const MEMORY_BACK = 24 << 20;
/**
 * Failures that a busy machine may cause. `npm run bench -- attacks` measures the client's latency on an idle machine.
 */
const LATE = ["HTTP 504", "no answer in 10 s"];

/** Once it is back, or after 10 s more: on a busy machine what is overdue is let go late. */
async function settled(memory: () => Promise<Memory>, before: Memory): Promise<Memory> {
  for (let more = 20; ; more--) {
    const now = await memory();
    if (held(now) - held(before) < MEMORY_BACK || more === 0) return now;
    await pause(500);
  }
}

const held = (memory: Memory) => memory.heap + memory.buffers + memory.external;

/** The process is alive, its memory is back, and the normal client had its answers. */
export function expectUnharmed<T>({ ended, log, normal, before, after }: Outcome<T>): void {
  expect(ended, log).toBeUndefined();
  const bad = [normal.http1, normal.http2, normal.alone].flatMap((served) => Object.keys(served.bad));
  expect(
    bad.filter((what) => !LATE.includes(what)),
    log,
  ).toEqual([]);
  expect(held(after) - held(before)).toBeLessThan(MEMORY_BACK);
}

/** One line for people: what the attack did, and what it cost. */
export function described<T>(name: string, outcome: Outcome<T>): string {
  const mb = (bytes: number) => `${Math.round(bytes / 1e5) / 10} MB`;
  const { normal, before, after, peakRss, cost, result } = outcome;
  const served = ({ requestCount, p50, p99, max, bad }: Served) =>
    `${requestCount} requests, p50 ${p50}, p99 ${p99}, max ${max} ms${Object.keys(bad).length > 0 ? `, ${JSON.stringify(bad)}` : ""}`;
  return [
    `${name} (BFF_HTTP2_SERVER=${outcome.framing}): ${outcome.ended ?? "alive"}; ${JSON.stringify(result)}`,
    `  normal client: HTTP/1.1 ${served(normal.http1)}; HTTP/2 ${served(normal.http2)}; timers ${normal.lagMs} ms late`,
    `  without an upstream: ${served(normal.alone)}; of ${Math.round(cost.lastedMs)} ms the processors gave the BFF ${cost.bffMs}, ` +
      `the upstream ${cost.upstreamMs}, the attacker ${cost.attackerMs}`,
    `  heap ${mb(before.heap)} -> ${mb(after.heap)}, buffers ${mb(before.buffers)} -> ${mb(after.buffers)}, ` +
      `outside ${mb(before.external)} -> ${mb(after.external)}, rss ${mb(before.rss)} -> ${mb(peakRss)} -> ${mb(after.rss)}`,
  ].join("\n");
}

/** One request in Connect's protocol over HTTP/1.1. */
export async function post(
  { url }: Pick<Target, "url">,
  body: object | string,
  path = "/atk.v1.AtkService/Fast",
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

function rssOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it is gone, or this is no Linux
  }
}

/** Returns the processor time of a process; Linux counts hundredths of a second. */
function cpuMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10; // utime and stime, as of proc(5)
  } catch {
    return Number.NaN; // as above
  }
}
