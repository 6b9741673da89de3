import { randomUUID } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { runScript, script } from "../../redis/redis-script.ts";
import { JITTER } from "../cache.ts";
import { type Found, HarmlessLevel, type Level, type SecondLevel, type StoredTags } from "../second-level.ts";
import type { FetchMark, FetchWait } from "./fetch-wait.ts";

/** How long a reply of the store is waited for, in milliseconds. */
const REPLY_MS = 50;
/** Longest lease, in milliseconds: the fetch of a process that was killed delays others for as long. */
const MAX_MS = 60_000;
/** Time between look-ups of a waiter, in milliseconds: each is half as long again as the one before. */
const POLL = { firstMs: 5, maxMs: 50, factor: 1.5 };
/** Lifetimes of marks, in milliseconds. A waiter sees one that fails at its next look-up. */
const MARKS = { failed: 250, unkept: 10_000 } as const;

/** KEYS: a lease. ARGV: token, lifetime in milliseconds. Takes the lease, or returns its token or mark. */
const TAKE = script(`local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false`);
const TAKEN = null;

/** KEYS: a lease. ARGV: token, mark, its lifetime in milliseconds. Ends the lease with a mark; empty: with none. */
const END = script(`if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/**
 * Ends of waits for fetches of other processes: `found` has an answer; `failed` and `unkept` are marks; `late` has no time
 * left; `away` has no reply of the store. All but `found` fetch.
 */
type WaitEnd = "found" | "late" | "away" | FetchMark;
export type WaitCounts = Record<WaitEnd, number>;
export const noWaits = (): WaitCounts => ({ found: 0, failed: 0, unkept: 0, late: 0, away: 0 });

type Done = Parameters<Level["get"]>[2];
/** A look-up that has missed. */
interface Miss {
  readonly key: string;
  readonly wait: FetchWait;
  readonly done: Done;
  /** Until when it waits. */
  until: number;
  /** The deadline that this is a part of. */
  deadline: number;
  pauseMs: number;
}

/**
 * A second level whose misses take leases: of all processes one fetches an answer, and the others wait for its entry or
 * its mark. No failure of the store ends a look-up: each is reported, since entries are then not shared.
 */
export class LeasedLevel implements Level {
  readonly #level: SecondLevel;
  readonly #harmless: HarmlessLevel;
  readonly #clock: Clock;
  readonly #counts: WaitCounts;
  readonly #failed: (error: unknown) => void;
  /** Tokens of leases by keys. */
  readonly #held = new Map<string, string>();

  constructor(level: SecondLevel, clock: Clock, counts = noWaits(), failed: (error: unknown) => void = () => {}) {
    this.#level = level;
    this.#clock = clock;
    this.#counts = counts;
    this.#failed = failed;
    const set: SecondLevel["set"] = (...entry) => this.#store(...entry);
    const stored: SecondLevel = { get: (key) => level.get(key), set, close: () => level.close?.() };
    this.#harmless = new HarmlessLevel(stored, clock, failed);
  }
  get(key: string, wait: FetchWait | undefined, done: Done): void {
    this.#harmless.get(key, wait, (found, counter, isReply) => {
      if (wait !== undefined && isReply !== true) this.#counts.away++;
      if (wait === undefined || isReply !== true || isUsable(found, wait)) done(found, counter);
      else
        this.#look({
          key,
          wait,
          done,
          until: this.#clock.now() + wait.holdMs,
          deadline: Number.POSITIVE_INFINITY,
          pauseMs: 0,
        });
    });
  }
  /** Takes the lease, and then looks for the entry that it may have had a moment ago. */
  #look(miss: Miss): void {
    const { key, wait, done } = miss;
    wait.begins();
    const token = randomUUID();
    const taken = this.#run(key, TAKE, [token, String(Math.ceil(Math.min(wait.holdMs, MAX_MS)))]);
    this.#harmless.get(key, wait, async (found, counter, isReply) => {
      const reply = await taken;
      if (reply === TAKEN || reply === undefined) this.#held.set(key, token); // without a reply it may be taken, too
      const end = this.#endOf(miss, isReply ? reply : undefined, isUsable(found, wait));
      if (end === "wait") this.#clock.setTimeout((later: Miss) => this.#look(later), miss.pauseMs, miss);
      else {
        if (end === "found" && this.#held.get(key) === token) this.ended(key);
        if (end !== "taken" && (end !== "found" || miss.pauseMs > 0)) this.#counts[end]++;
        done(found, counter);
      }
    });
  }
  #endOf(miss: Miss, reply: unknown, isFound: boolean): WaitEnd | "taken" | "wait" {
    if (isFound) return "found";
    if (reply === TAKEN) return "taken";
    if (reply === undefined) return "away";
    const mark = String(reply);
    if (mark === "failed" || mark === "unkept") return mark;
    const now = this.#clock.now();
    if (miss.wait.deadline < miss.deadline) {
      miss.deadline = miss.wait.deadline;
      // A request may have joined since the look-up before.
      miss.until = Math.min(miss.until, (miss.deadline + now - miss.pauseMs) / 2);
    }
    miss.pauseMs = Math.min(Math.max(POLL.firstMs, miss.pauseMs * POLL.factor), POLL.maxMs, miss.until - now);
    return miss.pauseMs > 0 ? "wait" : "late";
  }
  set(key: string, bytes: Uint8Array, lifeMs: number, tags?: StoredTags): void {
    this.#harmless.set(key, bytes, lifeMs, tags);
    this.ended(key); // unless the entry is on its way
  }
  async #store(key: string, ...entry: [Uint8Array, number, StoredTags?]): Promise<void> {
    const token = this.#held.get(key);
    this.#held.delete(key);
    let mark: FetchMark | undefined;
    try {
      await this.#level.set(key, ...entry);
    } catch (error) {
      this.#failed(error);
      mark = "unkept";
    }
    if (token !== undefined) await this.#end(key, token, mark);
  }
  ended(key: string, mark?: FetchMark): void {
    const token = this.#held.get(key);
    this.#held.delete(key);
    if (token !== undefined) void this.#end(key, token, mark);
  }
  async #end(key: string, token: string, mark?: FetchMark): Promise<void> {
    await this.#run(key, END, [token, mark ?? "", String(mark === undefined ? 0 : MARKS[mark])]);
  }
  /** Returns the reply of a script; undefined: there is none in time. */
  async #run(key: string, run: typeof TAKE, args: string[]): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const timer = this.#clock.setTimeout(resolve, REPLY_MS, undefined);
    try {
      const lease = this.#level.lease?.(key);
      if (lease === undefined) return TAKEN;
      const reply = runScript(lease.commands, run, [lease.name], args).then((reply) => reply ?? TAKEN);
      return await Promise.race([reply, promise]);
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }
  async close(): Promise<void> {
    await this.#harmless.close();
  }
}

/** Reports whether a fetch is unnecessary. Above this age an entry may be past its ttl in one process, not in another. */
function isUsable(found: Found | undefined, { policy: { ttlMs, staleMs = 0 }, renews }: FetchWait): boolean {
  return found !== undefined && found.ageMs < Math.max(ttlMs * (1 - JITTER), renews ? 0 : staleMs);
}
