// npm run simulate -- [--world calls|streams|purges|shares] [--seeds N] [--from S]: the runtime over N random worlds of each kind. --seed S: one of them again.
import "../../support/setup/checked-states.ts";
import { followWorld } from "./follow-world.ts";
import { purgeWorld } from "./purge-world.ts";
import { shareWorld } from "./share-world.ts";
import { simulate } from "./simulate.ts";

/** The simulated worlds: composed responses, streams, purges of tags, and fair queues. */
const WORLDS = { calls: simulate, streams: followWorld, purges: purgeWorld, shares: shareWorld } as const;
type WorldName = keyof typeof WORLDS;

function option(name: string): number | undefined {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return undefined;
  const value = Number(process.argv[at + 1]);
  if (!Number.isInteger(value) || value < 0) {
    process.stderr.write(`--${name} needs a whole number\n`);
    process.exit(2);
  }
  return value;
}

function chosen(): readonly WorldName[] {
  const all = Object.keys(WORLDS) as WorldName[];
  const at = process.argv.indexOf("--world");
  if (at < 0) return all;
  const found = all.find((name) => name === process.argv[at + 1]);
  if (found !== undefined) return [found];
  process.stderr.write(`--world is one of ${all.join(", ")}\n`);
  process.exit(2);
}

/** Runs seeds of a world; returns the number of those that failed. */
async function run(name: WorldName, from: number, seeds: number): Promise<number> {
  const totals: Record<string, number> = {};
  let failed = 0;
  for (let each = from; each < from + seeds; each++) {
    const { violations, seen } = await WORLDS[name](each);
    for (const [what, count] of Object.entries(seen)) totals[what] = (totals[what] ?? 0) + count;
    if (violations.length === 0) continue;
    failed++;
    const again = `npm run simulate -- --world ${name} --seed ${each}`;
    process.stdout.write(`seed ${each} (again: ${again})\n  ${violations.slice(0, 8).join("\n  ")}\n`);
    if (failed >= 10) {
      process.stdout.write("and no further\n");
      break;
    }
  }
  const counts = Object.entries(totals).map(([what, count]) => `${count} ${what}`);
  process.stdout.write(
    `${name}: ${counts.join(", ")}\n${seeds} seeds, ${failed === 0 ? "all as the rules say" : `${failed} failed`}\n`,
  );
  return failed;
}

const seed = option("seed");
const seeds = seed === undefined ? (option("seeds") ?? 2_000) : 1;
let failed = 0;
for (const name of chosen()) failed += await run(name, seed ?? option("from") ?? 0, seeds);
process.exitCode = failed === 0 ? 0 : 1;
