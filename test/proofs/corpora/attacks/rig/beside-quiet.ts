// Measures attacks for `npm run bench -- attacks`. ATTACK_FIGURES=<file> appends a normal client's latencies beside,
// before and after each attack to that file, as a line of JSON each. ATTACK_BFF and ATTACK_OTHERS are words in front of
// the commands of the BFF, and of the upstream and the normal client. They set processor and priority, so that the
// attacker takes processor time only from the BFF, and only by requests.
import { appendFileSync, readdirSync } from "node:fs";
import { setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Normal } from "./normal-client.ts";
import type { Process } from "./processes.ts";

/** One attack on one server: the try in the middle of all, by its ratio. */
export interface Figures {
  readonly attack: string;
  /** HTTP/2 implementation that was attacked. */
  readonly framing: "own" | "node";
  /** p99 right before and after the attack together, in milliseconds. */
  readonly quietMs: number;
  readonly during: Omit<Normal, "latencies">;
  /** p99 beside the attack by `quietMs`, of each try: another two where the first is above what is wanted. */
  readonly ratios: readonly number[];
  /** Length of the attack, in milliseconds; below, the processor time of BFF and upstream meanwhile. */
  readonly lastedMs: number;
  readonly bffMs: number;
  readonly upstreamMs: number;
  /** End of the BFF; undefined while it runs. */
  readonly ended: string | undefined;
}
/** Result of one attack from the rig. */
type Attempt = Pick<Figures, "framing" | "ended"> & {
  readonly normal: Normal;
  readonly cost: Omit<Cost, "attackerMs">;
};
type Cost = Pick<Figures, "lastedMs" | "bffMs" | "upstreamMs">;
/** An attempt, beside the quiet around it. */
interface Tried {
  readonly attempt: Attempt;
  readonly quietMs: number;
  readonly ratio: number;
}

/** Length of an attack, in milliseconds. */
export const ATTACK_MS = Number(process.env.ATTACK_MS ?? 2000);
const FILE = process.env.ATTACK_FIGURES;
/** True if the latency of a normal client is measured. */
export const measuresLatency = FILE !== undefined;
/** Highest p99 during an attack, as a multiple of the quiet p99. */
const MAX_RATIO = 5;
const TRIES = 3;
/**
 * Length of the warm-up, in milliseconds: code that runs for the first time is slow, with and without an attack. The
 * client sends as many requests as are answered.
 */
const WARM_UP_MS = 1_500;
const AT_ONCE = 8;
/** Before each attack, and again after it: as much together as an attack lasts. */
const QUIET_MS = ATTACK_MS / 2;
/** Time until which a shorter attack is repeated, in milliseconds: a few requests have no meaningful p99. */
export const AGAIN_MS = measuresLatency ? 2 * QUIET_MS : 0;
const EVERY_MS = "10";

const words = (text = ""): readonly string[] => text.split(" ").filter((word) => word !== "");
export const BFF_COMMAND = words(process.env.ATTACK_BFF);
export const OTHERS_COMMAND = words(process.env.ATTACK_OTHERS);
/** For the normal client. */
export const CLIENT_ENV: Readonly<Record<string, string>> = measuresLatency ? { EVERY_MS } : {};
/**
 * Request of a normal client, unless the attack sets one. A measurement of the BFF's latency takes the upstream's part
 * from the cache: the BFF cannot help the work of an upstream that shares its processor with client and attacker.
 */
export const CLIENT_REQUEST = {
  path: measuresLatency ? "/atk.v1.AtkService/Cached" : "/atk.v1.AtkService/Fast",
  body: '{"key":"normal"}',
};

/**
 * Priority of threads that compile and collect. Otherwise they occupy a single processor until their work is done, and
 * other threads wait.
 */
const BESIDE = 10;

/**
 * Gives threads that run JavaScript priority over those that compile and collect for it, as if the latter had a
 * separate processor.
 */
export function goFirst(...processes: readonly Process[]): void {
  if (FILE === undefined || process.platform !== "linux") return;
  for (const { pid } of processes) {
    for (const thread of readdirSync(`/proc/${pid}/task`).map(Number)) if (thread !== pid) setPriority(thread, BESIDE);
  }
}

/**
 * Measures an attack, if ATTACK_FIGURES is set; returns the first result of `once`. `ask` makes a request of the normal
 * client. `once` attacks, and waits until the BFF has recovered.
 */
export async function besideQuiet<T extends Attempt>(
  client: Process,
  send: () => Promise<unknown>,
  once: () => Promise<T>,
): Promise<T> {
  if (FILE === undefined) return once();
  await warmUp(send);
  let before = await quiet(client);
  const attacked = async (): Promise<{ readonly tried: Tried; readonly attempt: T }> => {
    const attempt = await once();
    const after = await quiet(client);
    const quietMs = p99([...before, ...after]);
    before = after;
    return { attempt, tried: { attempt, quietMs, ratio: attempt.normal.both.p99 / quietMs } };
  };
  const { attempt, tried } = await attacked();
  const tries = [tried];
  if (tried.ratio > MAX_RATIO) {
    while (tries.length < TRIES && attempt.ended === undefined) tries.push((await attacked()).tried);
  }
  keep(FILE, tries);
  return attempt;
}

async function warmUp(send: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + WARM_UP_MS;
  const many = async () => {
    while (performance.now() < until) await send();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, many));
}

/** Returns the latencies of the normal client without other load. */
async function quiet(client: Process): Promise<readonly number[]> {
  await client.query("so far");
  await pause(QUIET_MS);
  return ((await client.query("so far")) as Normal | undefined)?.latencies ?? [];
}

function p99(latencies: readonly number[]): number {
  return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
}

/** The try in the middle, by its ratio. */
function keep(file: string, tries: readonly Tried[]): void {
  const { attempt, quietMs } = tries.toSorted((a, b) => a.ratio - b.ratio)[tries.length >> 1] ?? {};
  if (attempt === undefined || quietMs === undefined) return;
  const { framing, ended, cost, normal } = attempt;
  const { lastedMs, bffMs, upstreamMs } = cost;
  const { latencies: _, ...during } = normal;
  const ratios = tries.map(({ ratio }) => ratio);
  const name = expect.getState().currentTestName ?? "";
  const line: Figures = { attack: name, framing, ended, quietMs, during, ratios, lastedMs, bffMs, upstreamMs };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
  const times = ratios.map((ratio) => ratio.toFixed(1)).join(", ");
  process.stdout.write(`${times} x: p99 ${during.both.p99} ms, quiet ${quietMs} ms, ${name}\n`);
}
