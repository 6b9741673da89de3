// For tests and the bench only, a process: queries limits for a given time, and prints the results.

import { setTimeout as pause } from "node:timers/promises";
import { openLimits } from "../environment/open-limits.ts";
import { isRefusal } from "../limits/charge-result.ts";
import type { RateLimit } from "../limits/rate-limit.ts";

/** Three limits at once: one never refuses, so that it counts all admitted requests. */
export const CALLS: RateLimit = { name: "calls", package: "load.v1", rate: 1e9, per: "month", burst: 1e9 };
export const USER: RateLimit = { name: "user", package: "load.v1", rate: 100, per: 1_000, burst: 50 };
export const TENANT: RateLimit = { name: "tenant", package: "load.v1", rate: 250, per: 1_000, burst: 100 };
export const USERS = 4;
/** Concurrent requests of a process, and the pause after a refusal, in milliseconds. */
const AT_ONCE = 16;
const PAUSE_MS = 5;

export interface WorkerReport {
  readonly tries: number;
  /** Admitted requests by user, among those that have all been charged in Redis. */
  readonly admitted: readonly number[];
  /** Requests admitted because Redis had not answered in time. */
  readonly alone: number;
  /** Requests refused without a query. */
  readonly shielded: number;
}

async function run(forMs: number): Promise<WorkerReport> {
  const limits = await openLimits([CALLS, USER, TENANT]);
  const admitted = new Array<number>(USERS).fill(0);
  let [tries, alone, shielded] = [0, 0, 0];
  const end = performance.now() + forMs;
  const sendRequests = async (first: number): Promise<void> => {
    for (let user = first; performance.now() < end; user = (user + 1) % USERS) {
      tries++;
      const outcome = limits.charge([
        { limit: CALLS, key: "all", cost: 1 },
        { limit: USER, key: `user-${user}`, cost: 1 },
        { limit: TENANT, key: "tenant", cost: 1 },
      ]);
      if (!(outcome instanceof Promise)) {
        shielded++;
        await pause(PAUSE_MS);
        continue;
      }
      const found = await outcome;
      if (isRefusal(found)) continue;
      if (found.alone.length > 0) alone++;
      else admitted[user] = (admitted[user] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => sendRequests(i % USERS)));
  await limits.close();
  return { tries, admitted, alone, shielded };
}

const [, , forMs] = process.argv;
if (forMs !== undefined && import.meta.main) process.stdout.write(JSON.stringify(await run(Number(forMs))));
