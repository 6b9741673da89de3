// npm run simulate -- --seeds N [--from S]: the runtime over N random worlds. --seed S: one of them again.
import { simulate } from "./simulate.ts";

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

const seed = option("seed");
const from = seed ?? option("from") ?? 0;
const seeds = seed === undefined ? (option("seeds") ?? 2_000) : 1;
const totals: Record<string, number> = {};
let failed = 0;
for (let each = from; each < from + seeds; each++) {
  const { violations, seen } = await simulate(each);
  for (const [name, count] of Object.entries(seen)) totals[name] = (totals[name] ?? 0) + count;
  if (violations.length === 0) continue;
  failed++;
  process.stdout.write(
    `seed ${each} (again: npm run simulate -- --seed ${each})\n  ${violations.slice(0, 8).join("\n  ")}\n`,
  );
  if (failed >= 10) {
    process.stdout.write("and no further\n");
    break;
  }
}
const counts = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
process.stdout.write(
  `${counts.join(", ")}\n${seeds} seeds, ${failed === 0 ? "all as the rules say" : `${failed} failed`}\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
