// For tests only, a process: charges two limits with leases, and appends to a file when each request was admitted.
import { openSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { openLimits } from "../environment/open-limits.ts";
import { isRefusal } from "../limits/charge-result.ts";
import type { RateLimit } from "../limits/rate-limit.ts";

export const KEYS = 200;
export const TENANTS = 8;
/** Both are closed: a process that counted alone would exceed them, as it should. */
export const USER: RateLimit = {
  name: "user",
  package: "load.v1",
  rate: 30,
  per: 1_000,
  burst: 40,
  closed: true,
  lease: 2,
};
export const TENANT: RateLimit = { ...USER, name: "tenant", rate: 500, burst: 400, lease: 20 };
/** Numbers of an admitted request in the file: microseconds since 1970 before and after the charge, and its key. */
export const RECORD = 3;
/** Concurrent requests of a process. */
const AT_ONCE = 24;
/** Pause after a refusal, in milliseconds. */
const PAUSE_MS = 5;

/** Prints the number of requests, and of those whose counters were unreachable, after each thousand. */
async function run(file: string): Promise<void> {
  const out = openSync(file, "a");
  const limits = await openLimits([USER, TENANT], { fault: () => {} });
  let ended = false;
  process.once("SIGTERM", () => {
    ended = true;
  });
  const now = (): number => (performance.timeOrigin + performance.now()) * 1_000;
  let [tries, unreachable] = [0, 0];
  const sendRequests = async (first: number): Promise<void> => {
    for (let i = first; !ended; i += AT_ONCE) {
      // A tenth of the keys has half of the requests.
      const key = (i * 7_919) % (i % 2 === 0 ? KEYS : KEYS / 10);
      const start = now();
      const outcome = await limits.charge([
        { limit: USER, key: `user-${key}`, cost: 1 },
        { limit: TENANT, key: `tenant-${key % TENANTS}`, cost: 1 },
      ]);
      if (++tries % 1_000 === 0) process.stdout.write(`${tries} ${unreachable}\n`);
      if (!isRefusal(outcome)) {
        writeSync(out, new Float64Array([start, now(), key]));
        continue;
      }
      if (outcome.outcome === "unreachable") unreachable++;
      await setTimeout(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => sendRequests(i)));
  await limits.close();
}

const [, , file] = process.argv;
if (file !== undefined && import.meta.main) await run(file);
