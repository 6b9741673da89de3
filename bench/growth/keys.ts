// Measures limits and caches in this process, with more and more keys. Prints one line of JSON.
import { costOf } from "@protobff/runtime/internal/cache/cache";
import { systemClock } from "@protobff/runtime/internal/clock";
import { ClockMoment, LocalCounters } from "@protobff/runtime/internal/limits/local-counters";
import { Counter } from "@protobff/runtime/internal/limits/rate-limit";
import { Lru } from "@protobff/runtime/internal/lru";

const [kind = "", count = ""] = process.argv.slice(2);
const keys = Number(count);
const USES = 2_000_000;
const LIMIT = { name: "k", package: "grow.v1", rate: 100, per: 60_000, burst: 100 };
const CACHE_BYTES = 64 << 20;
const ENTRY = { bytes: new Uint8Array(200) };
/** Far apart, so that neighbours in time are no neighbours in memory. */
const PRIME = 7_919;
const keyOf = (i: number): string => `user-${(i * PRIME) % keys}`;

const OPERATIONS: Readonly<Record<string, () => (key: string) => void>> = {
  limits: () => {
    const counter = new Counter(LIMIT);
    const counters = new LocalCounters();
    return (key) => {
      const moment = new ClockMoment(systemClock);
      const charge = { counter, key, cost: 1 };
      if (counters.standing(charge, moment) === undefined) counters.add(counter, key, 1, moment);
    };
  },
  cache: () => {
    const cache = new Lru<typeof ENTRY>({ maxBytes: CACHE_BYTES, weigh: costOf });
    return (key) => {
      if (cache.get(key) === undefined) cache.set(key, { bytes: ENTRY.bytes });
    };
  },
  nothing: () => () => {},
};
const use = OPERATIONS[kind]?.();
if (use === undefined) throw new Error(`no ${kind}`);
const before = process.memoryUsage().rss;
for (let i = 0; i < Math.max(keys, 100_000); i++) use(keyOf(i));
const { user: start } = process.cpuUsage();
for (let i = 0; i < USES; i++) use(keyOf(i));
const ns = ((process.cpuUsage().user - start) * 1_000) / USES;
globalThis.gc?.();
console.log(JSON.stringify({ ns_per_use: ns, rss_mb: (process.memoryUsage().rss - before) / 2 ** 20 }));
