// Measures look-ups of tagged answers between messages of Redis, which either purge a tag or are only parsed: 10,000
// look-ups and as many purges per second have this ratio. In a server, too, other work precedes a look-up. Rounds of
// both kinds take turns.
import { Cache } from "../runtime/src/cache/cache.ts";
import { Purges } from "../runtime/src/cache/purges.ts";
import { median, percentile } from "./rig/statistics.ts";

const ROUNDS = 9;
const LOOK_UPS = 100_000;
const PURGES_PER_SECOND = 10_000;
const ANSWERS = 10_000;
/** One in ten purges names a tag of an answer. */
const TAGS = 10 * ANSWERS;
const ANSWER = new Uint8Array(1_000);
const POLICY = { ttlMs: 3_600_000, tags: () => [] };

export function runPurges(json: boolean): void {
  const purges = new Purges();
  const cache = new Cache({ purges });
  const rounds = Array.from({ length: ROUNDS }, () => ({
    without: round(cache, purges, false),
    with: round(cache, purges, true),
  }));
  const measured = rounds.slice(1); // the first one warms up
  const of = (side: "without" | "with", share: number): number =>
    median(measured.map((pair) => percentile(pair[side].lookUpsUs, share)));
  const purgeUs = median(measured.map((pair) => pair.with.purgeUs));
  const result = {
    p50_without_us: of("without", 0.5),
    p50_with_us: of("with", 0.5),
    p99_without_us: of("without", 0.99),
    p99_with_us: of("with", 0.99),
    p99_ratio: median(
      measured.map((pair) => percentile(pair.with.lookUpsUs, 0.99) / percentile(pair.without.lookUpsUs, 0.99)),
    ),
    purge_us: purgeUs,
    cpu_percent_at_10000_per_second: (purgeUs * PURGES_PER_SECOND) / 1e4,
  };
  if (json) console.log(JSON.stringify(result));
  else console.table(result);
}

/** Looks answers up, and keeps missing ones anew. Returns ascending times of look-ups, and the mean time of a message. */
function round(cache: Cache, purges: Purges, withPurges: boolean) {
  const lookUpsUs: number[] = [];
  let messagesMs = 0;
  for (let i = 0; i < LOOK_UPS; i++) {
    const message = `[${i},["order:${below(TAGS)}"]]`;
    const begun = performance.now();
    const [, names] = JSON.parse(message) as [number, string[]];
    if (withPurges) purges.purge(names);
    messagesMs += performance.now() - begun;
    const id = below(ANSWERS);
    const key = `key ${id}`;
    const from = performance.now();
    const found = cache.look(key, POLICY);
    lookUpsUs.push((performance.now() - from) * 1_000);
    if (found === undefined) cache.put(key, ANSWER, POLICY, purges.tagged([`order:${id}`, "orders"], purges.now));
  }
  return { lookUpsUs: lookUpsUs.sort((a, b) => a - b), purgeUs: (messagesMs * 1_000) / LOOK_UPS };
}
const below = (most: number): number => Math.floor(Math.random() * most);
