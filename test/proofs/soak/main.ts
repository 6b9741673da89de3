// npm run soak [-- --seconds N --in-flight N --seed N]: random faults at load, 10 minutes by default; 1 when something is left over.
import { described, rowsOf } from "./report.ts";
import { soak } from "./soak.ts";

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (!Number.isInteger(value) || value < 1) {
    process.stderr.write(`--${name} needs a whole number above 0\n`);
    process.exit(2);
  }
  return value;
}

// by way of its `exit`, which takes the BFF along
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const seconds = option("seconds", 600);
const report = await soak({
  seconds,
  inFlight: option("in-flight", 24),
  seed: option("seed", 1),
  progress({ requests, held: { heapBytes }, sessions }) {
    const mib = (heapBytes / (1 << 20)).toFixed(2);
    process.stdout.write(`${requests} requests, heap ${mib} MiB, ${sessions} connections to upstreams\n`);
  },
});
process.stdout.write(`\n${described(report, seconds)}\n`);
process.exitCode = rowsOf(report).every(({ ok }) => ok) ? 0 : 1;
