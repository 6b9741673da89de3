// Where `npm run bench -- attacks` runs the suites: ATTACK_FIGURES=<file> has what a normal client waits beside each attack, and right before and
// after it, added to that file, a line of JSON each. ATTACK_BFF and ATTACK_OTHERS are words in front of the commands of the BFF, and of the upstream
// and the normal client: with what processor and priority they run, so that the attacker takes nobody's processor but the BFF's, by asking that.
import { appendFileSync, readdirSync } from "node:fs";
import { setPriority } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Normal } from "./normal-client.ts";
import type { Process } from "./processes.ts";

/** One attack on one server: the try in the middle of all, by its ratio. */
export interface Figures {
  readonly attack: string;
  /** Whose HTTP/2 was attacked. */
  readonly framing: "own" | "node";
  /** p99 right before and after the attack together, in milliseconds. */
  readonly quietMs: number;
  readonly during: Omit<Normal, "latencies">;
  /** p99 beside the attack by `quietMs`, of each try: another two where the first is above what is wanted. */
  readonly ratios: readonly number[];
  /** How long the attack lasted, and what it took of the BFF's processor, in milliseconds. */
  readonly lastedMs: number;
  readonly bffMs: number;
  readonly upstreamMs: number;
  /** How the BFF ended, if it has. */
  readonly ended: string | undefined;
}
/** What the rig tells of one attack. */
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

const FILE = process.env.ATTACK_FIGURES;
/** Whether it is judged what a normal client waits. */
export const isJudged = FILE !== undefined;
/** What is wanted: p99 at most so many times that of quiet. */
const WANTED = 5;
const TRIES = 3;
/** Code that is asked for the first time is slow, with and without an attack: so long as much is asked as it answers. */
const WARM_UP_MS = 1_500;
const AT_ONCE = 8;
/** Before each attack, and again after it: as much together as an attack lasts. */
const QUIET_MS = Number(process.env.ATTACK_MS ?? 2000) / 2;
/** What is over sooner is begun again until then, in milliseconds: of a few requests there is no p99. */
export const AGAIN_MS = isJudged ? 2 * QUIET_MS : 0;
const EVERY_MS = "10";

const words = (text = ""): readonly string[] => text.split(" ").filter((word) => word !== "");
export const BFF_COMMAND = words(process.env.ATTACK_BFF);
export const OTHERS_COMMAND = words(process.env.ATTACK_OTHERS);
/** For the normal client. */
export const CLIENT_ENV: Readonly<Record<string, string>> = isJudged ? { EVERY_MS } : {};
/**
 * What a normal client asks for, unless the attack says: where it is judged what the BFF makes it wait, the upstream's part comes from the cache, since what
 * an upstream has to do that shares its processor with client and attacker is nothing that the BFF could help.
 */
export const ASKED = {
  path: isJudged ? "/atk.v1.AtkService/Cached" : "/atk.v1.AtkService/Fast",
  body: '{"key":"normal"}',
};

/** Of threads that compile and collect: else they take a processor that is the only one for as long as they have to do, and others wait. */
const BESIDE = 10;

/** Lets what runs JavaScript go before what compiles and collects for it, as if that had a processor of its own. */
export function goFirst(...processes: readonly Process[]): void {
  if (FILE === undefined || process.platform !== "linux") return;
  for (const { pid } of processes) {
    for (const thread of readdirSync(`/proc/${pid}/task`).map(Number)) if (thread !== pid) setPriority(thread, BESIDE);
  }
}

/**
 * Judges an attack, where somebody wants to know.
 *
 * @param ask asks what the normal client does
 * @param once attacks, and waits until the BFF has had its rest
 * @returns what `once` gave first
 */
export async function besideQuiet<T extends Attempt>(
  client: Process,
  ask: () => Promise<unknown>,
  once: () => Promise<T>,
): Promise<T> {
  if (FILE === undefined) return once();
  await warmUp(ask);
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
  if (tried.ratio > WANTED) {
    while (tries.length < TRIES && attempt.ended === undefined) tries.push((await attacked()).tried);
  }
  keep(FILE, tries);
  return attempt;
}

async function warmUp(ask: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + WARM_UP_MS;
  const many = async () => {
    while (performance.now() < until) await ask();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, many));
}

/** What the normal client waits while nothing else is asked. */
async function quiet(client: Process): Promise<readonly number[]> {
  await client.ask("so far");
  await pause(QUIET_MS);
  return ((await client.ask("so far")) as Normal | undefined)?.latencies ?? [];
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
