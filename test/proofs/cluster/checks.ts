// The promises about each answer, which hold while processes die.
import { setTimeout as pause } from "node:timers/promises";
import type { Robots } from "./callers.ts";
import type { Answered, Client, Credential } from "./client.ts";
import { LIMIT } from "./town.ts";

export interface Counts {
  requests: number;
  answers: number;
  /** Answers of nginx for a process that was gone, and connections that broke. */
  gone: number;
  /** Failures of the BFF, by code. */
  readonly failures: Record<string, number>;
  purges: number;
  fields: number;
  admitted: number;
  events: number;
  resets: number;
  kills: number;
  stops: number;
  cuts: number;
}
export const zero = (): Counts => ({
  ...{ requests: 0, answers: 0, gone: 0, purges: 0, fields: 0, admitted: 0, events: 0, resets: 0 },
  ...{ kills: 0, stops: 0, cuts: 0, failures: {} },
});

/** Result of the load. */
export interface Findings {
  readonly counts: Counts;
  /** Broken promises, by kind; a few examples of each. */
  readonly wrong: Map<string, string[]>;
}
export function report({ wrong }: Findings, kind: string, example: string): void {
  const examples = wrong.get(kind) ?? [];
  wrong.set(kind, examples);
  if (examples.length < 5) examples.push(example);
}

/** Codes by which a failure of the BFF is typed. */
const CODES = new Set(["unavailable", "deadline_exceeded", "resource_exhausted", "aborted"]);

/** Returns true if the request succeeded. Undefined: it may have had its effect. */
export function outcomeOf(findings: Findings, rpc: string, { status, body }: Answered): boolean | undefined {
  const { counts } = findings;
  counts.requests++;
  if (status === 200 && body !== undefined) {
    counts.answers++;
    return true;
  }
  if (status === 0 || ((status === 502 || status === 504) && body === undefined)) {
    counts.gone++;
    return undefined;
  }
  const code = String(body?.code);
  counts.failures[code] = (counts.failures[code] ?? 0) + 1;
  if (status === 401 || code === "unauthenticated") return false;
  if (!CODES.has(code)) report(findings, "typed", `${rpc}: ${status} ${JSON.stringify(body)}`);
  return false;
}

/** Another process sees a purge within this time (docs/runtime.md). */
const SEEN_MS = 2_000;

/** Items whose versions rise, and the versions that readers must see. */
export class Items {
  readonly ids: readonly string[];
  readonly versions = new Map<string, number>();
  /** Versions whose purges are confirmed, with the time of the confirmation, the oldest first. */
  readonly #confirmed = new Map<string, { readonly version: number; readonly at: number }[]>();

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, i) => `i${i}`);
  }
  version(id: string): number {
    return this.versions.get(id) ?? 1;
  }
  /** Changes the item, and purges its answers at one process. */
  async change(id: string, purge: (tag: string) => Promise<boolean>, counts: Counts): Promise<void> {
    const version = this.version(id) + 1;
    this.versions.set(id, version);
    if (!(await purge(`item:${id}`))) return;
    counts.purges++;
    const all = this.#confirmed.get(id) ?? [];
    this.#confirmed.set(id, all);
    all.push({ version, at: performance.now() });
    if (all.length > 100) all.shift();
  }
  /** Returns the oldest version that an answer to a request that begins now may have. */
  least(id: string): number {
    const now = performance.now();
    return this.#confirmed.get(id)?.findLast(({ at }) => at + SEEN_MS < now)?.version ?? 1;
  }
}

/** Keys of the limit: each is used until it is surely used up. */
export class Keys {
  readonly #all = new Map<string, { tries: number; admitted: number; unknown: number }>();
  #open: string[] = [];
  readonly #begunAt = performance.now();

  /** Returns a key that is in use, or a new one. */
  pick(random: () => number): string {
    this.#open = this.#open.filter((key) => (this.#all.get(key)?.tries ?? 0) < LIMIT * 2);
    while (this.#open.length < MAX_OPEN) {
      const key = `k${this.#all.size}`;
      this.#all.set(key, { tries: 0, admitted: 0, unknown: 0 });
      this.#open.push(key);
    }
    return this.#open[Math.floor(random() * this.#open.length)] ?? "";
  }
  record(key: string, isAdmitted: boolean | undefined, status: number, findings: Findings): void {
    const state = this.#all.get(key);
    if (state === undefined) return;
    // 503: Redis has not answered, and the limit is closed. Whether the charge stays is not known.
    if (isAdmitted === undefined || status === 503) state.unknown++;
    else state.tries++;
    if (isAdmitted !== true) return;
    state.admitted++;
    findings.counts.admitted++;
    const refilled = Math.ceil(((performance.now() - this.#begunAt) / DAY_MS) * LIMIT);
    if (state.admitted > LIMIT + refilled) report(findings, "limits", `${key}: ${state.admitted} of ${LIMIT} admitted`);
  }
  /** Keys that were tried often enough are used up. */
  conclude(findings: Findings): void {
    for (const [key, { tries, admitted, unknown }] of this.#all)
      if (tries >= LIMIT * 2 && admitted + unknown < LIMIT)
        report(findings, "limits", `${key}: only ${admitted} admitted, ${unknown} unknown`);
  }
}
const DAY_MS = 86_400_000;
/** Keys in use at a time. */
const MAX_OPEN = 3;

/** Load of one worker: requests of all kinds, one after the other, until the end. */
export interface LoadOptions {
  readonly client: Client;
  readonly items: Items;
  readonly keys: Keys;
  readonly findings: Findings;
  /** Cookies by subject. */
  readonly sessions: ReadonlyMap<string, Credential>;
  readonly robots: Robots;
  readonly purge: (tag: string) => Promise<boolean>;
  readonly random: () => number;
  readonly isOver: () => boolean;
}
export async function load(options: LoadOptions): Promise<void> {
  const { items, purge, findings, random, isOver } = options;
  while (!isOver()) {
    const draw = random();
    if (draw < 0.04) await items.change(pickFrom(items.ids, random), purge, findings.counts);
    else if (draw < 0.25) await buy(options);
    else if (draw < 0.6) await read(options);
    else if (draw < 0.85) await identify(options, sessionOf(options), "answer");
    else {
      const { id, must, ...robot } = options.robots.pick(random);
      await identify(options, robot, must, () => options.robots.isValid(id));
    }
  }
}
const pickFrom = <T>(all: readonly T[], random: () => number): T => all[Math.floor(random() * all.length)] as T;
function sessionOf({ sessions, random }: LoadOptions): Caller {
  const [subject, credential] = pickFrom([...sessions], random);
  return { subject, credential };
}
interface Caller {
  readonly subject: string;
  readonly credential: Credential;
}

async function buy(options: LoadOptions): Promise<void> {
  const { client, keys, findings, random } = options;
  const key = keys.pick(random);
  const answer = await client.post("Buy", key, sessionOf(options).credential);
  keys.record(key, outcomeOf(findings, "Buy", answer), answer.status, findings);
}

async function read(options: LoadOptions): Promise<void> {
  const { client, items, findings, random } = options;
  const id = pickFrom(items.ids, random);
  const least = items.least(id);
  const answer = await client.post("GetItem", id, sessionOf(options).credential);
  const version = Number(answer.body?.version ?? 0);
  if (outcomeOf(findings, "GetItem", answer) === true && version < least)
    report(findings, "purges", `${id}: version ${version}, and ${least} was confirmed`);
}

async function identify(
  { client, findings }: LoadOptions,
  { subject, credential }: Caller,
  must: "answer" | "refuse" | undefined,
  isValid = () => true,
): Promise<void> {
  const answer = await client.post("GetMine", "x", credential);
  const outcome = outcomeOf(findings, "GetMine", answer);
  // A key may have been revoked meanwhile.
  if (answer.status === 401 && must === "answer" && isValid()) report(findings, "sessions", `${subject} is refused`);
  if (outcome !== true) {
    await pause(1);
    return;
  }
  if (must === "refuse") report(findings, "sessions", `a revoked key of ${subject} has an answer`);
  for (const name of ["owner", "subject"]) {
    findings.counts.fields++;
    const found = answer.body?.[name];
    if (found !== subject) report(findings, "foreign", `${name} is ${found}, for ${subject}`);
  }
}
