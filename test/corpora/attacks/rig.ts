// Runs an attack against a generated server in a process of its own, with a heap that is limited and a normal client beside it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { generated } from "./generated.ts";
import type { Memory } from "./memory.ts";
import type { Normal, Served } from "./normal-client.ts";
import { Process } from "./processes.ts";

export interface AttackOptions {
  /** More for the BFF's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the BFF, in MB; default 512. */
  readonly heapMb?: number;
  /** More for node, before the script. */
  readonly flags?: readonly string[];
  /** How long each answer of the upstream takes; default none. */
  readonly latencyMs?: number;
  /** How long the BFF has, when the attack is over, before it is looked at what it holds; default 1 s. */
  readonly restMs?: number;
  /** The package whose server is attacked; default `atk`. */
  readonly server?: "atk" | "idn";
  /** What the normal client asks for; default AtkService/Fast. */
  readonly normal?: {
    readonly path: string;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** The BFF under attack. */
export interface Target {
  readonly url: string;
  readonly port: number;
  readonly upstreamUrl: string;
  /** How it ended, if it has. */
  readonly ended: string | undefined;
  memory(): Promise<Memory>;
  /** Of the upstream, since its start. */
  upstream(): Promise<UpstreamCalls>;
}

export interface UpstreamCalls {
  readonly calls: number;
  readonly cancelled: number;
}

export interface Outcome<T> {
  readonly result: T;
  /** How the BFF ended, if it has: "SIGABRT". */
  readonly ended: string | undefined;
  /** The end of what it said on standard error. */
  readonly log: string;
  /** How the normal client fared, while the attack ran. */
  readonly normal: Normal;
  readonly before: Memory;
  readonly after: Memory;
  /** The most that the system counted, in bytes. */
  readonly peakRss: number;
  readonly cost: Cost;
  /** Whose HTTP/2 was attacked. */
  readonly framing: "own" | "node";
}

/** How long the attack lasted, and what each process took of the processors meanwhile, in milliseconds; NaN where the system does not say. */
export interface Cost {
  readonly lastedMs: number;
  readonly bffMs: number;
  readonly upstreamMs: number;
  readonly attackerMs: number;
}

/** Whose HTTP/2 is attacked next, where BFF_HTTP2_SERVER does not say: in turns, so that both are over a few runs. */
let turn = Math.random() < 0.5 ? 0 : 1;
function nextFraming(): "own" | "node" {
  const named = process.env.BFF_HTTP2_SERVER;
  if (named === "own" || named === "node") return named;
  return turn++ % 2 === 0 ? "own" : "node";
}

const NOTHING: Memory = { heap: 0, buffers: 0, external: 0, rss: 0 };
const PROBE = fileURLToPath(new URL("memory.ts", import.meta.url));
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** What the attack gave, and what became of the BFF and of the normal client. */
export async function attacked<T>(
  attack: (target: Target) => Promise<T>,
  options: AttackOptions = {},
): Promise<Outcome<T>> {
  const folder = generated();
  const upstream = new Process([script("upstream.ts"), folder], { LATENCY_MS: String(options.latencyMs ?? 0) });
  const started: Process[] = [upstream];
  try {
    const upstreamUrl = await upstream.url();
    const heap = `--max-old-space-size=${options.heapMb ?? 512}`;
    const entry = [heap, "--expose-gc", `--import=${PROBE}`, ...(options.flags ?? [])];
    const framing = nextFraming();
    const where = { HOST: "127.0.0.1", PORT: "0", UP_V1_ECHOSERVICE_URL: upstreamUrl, BFF_HTTP2_SERVER: framing };
    const env = { ...where, ...options.env };
    const bff = new Process([...entry, join(folder, `${options.server ?? "atk"}/v1/server.ts`)], env);
    started.push(bff);
    const url = await bff.url();
    const memory = async () => ((await bff.ask("memory")) as Memory | undefined) ?? NOTHING;
    const target: Target = {
      ...{ url, port: Number(new URL(url).port), upstreamUrl, memory },
      get ended() {
        return bff.ended;
      },
      upstream: async () => (await upstream.ask("calls")) as UpstreamCalls,
    };
    const { normal } = options;
    await ask(target, { key: "warm" }, normal?.path, normal?.headers);
    const before = await memory();
    let peakRss = 0;
    const watch = setInterval(() => {
      peakRss = Math.max(peakRss, rssOf(bff.pid));
    }, 50);
    const normalArgs = normal === undefined ? [] : [normal.path, normal.body, JSON.stringify(normal.headers ?? {})];
    const client = new Process([script("normal-client.ts"), url, ...normalArgs], {});
    started.push(client);
    await client.url();
    await pause(500); // it has its connections
    const startedAt = performance.now();
    const pids = [bff.pid, upstream.pid, process.pid];
    const used = pids.map(cpuMsOf);
    const result = await attack(target);
    const [bffMs = 0, upstreamMs = 0, attackerMs = 0] = pids.map((pid, at) => cpuMsOf(pid) - (used[at] ?? 0));
    const cost: Cost = { lastedMs: performance.now() - startedAt, bffMs, upstreamMs, attackerMs };
    const served = (await client.ask("stop")) as Normal;
    await pause(options.restMs ?? 1000);
    clearInterval(watch);
    return {
      result,
      before,
      after: await memory(),
      peakRss,
      cost,
      framing,
      ended: bff.ended,
      log: bff.log,
      normal: served,
    };
  } finally {
    for (const one of started) await one.kill();
  }
}

/** So much more than before the BFF may hold afterwards, in bytes: code is compiled, tables have grown. */
const MEMORY_BACK = 24 << 20;
const P99_MS = 1000;
/** Latency is judged by hand, on a machine that does nothing else; everywhere it is printed. */
const JUDGES_LATENCY = process.env.ATTACK_LATENCY === "1";
const LATE = ["HTTP 504", "no answer in 10 s"];

/** The process is alive, its memory is back, and the normal client had its answers; with ATTACK_LATENCY=1 in a second each. */
export function expectUnharmed<T>({ ended, log, normal, before, after }: Outcome<T>): void {
  expect(ended, log).toBeUndefined();
  const bad = [normal.http1, normal.http2, normal.alone].flatMap((served) => Object.keys(served.bad));
  expect(
    bad.filter((what) => JUDGES_LATENCY || !LATE.includes(what)),
    log,
  ).toEqual([]);
  if (JUDGES_LATENCY) expect(Math.max(normal.http1.p99, normal.http2.p99)).toBeLessThanOrEqual(P99_MS);
  const held = (memory: Memory) => memory.heap + memory.buffers + memory.external;
  expect(held(after) - held(before)).toBeLessThan(MEMORY_BACK);
}

/** One line for people: what the attack did, and what it cost. */
export function described<T>(name: string, outcome: Outcome<T>): string {
  const mb = (bytes: number) => `${Math.round(bytes / 1e5) / 10} MB`;
  const { normal, before, after, peakRss, cost, result } = outcome;
  const served = ({ asked, p50, p99, max, bad }: Served) =>
    `${asked} asked, p50 ${p50}, p99 ${p99}, max ${max} ms${Object.keys(bad).length > 0 ? `, ${JSON.stringify(bad)}` : ""}`;
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
export async function ask(
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

/** Linux counts in hundredths of a second, for whoever asks. */
function cpuMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10; // utime and stime, as of proc(5)
  } catch {
    return Number.NaN; // as above
  }
}
