// npm run cluster [-- --processes N --minutes N --seed N --planted <mistake>]: 16 processes for 10 minutes by default.
// Ends with 1 when a promise is broken, or when there was too little to call it a proof.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    processes: { type: "string", default: "16" },
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    planted: { type: "string", default: "none" },
  },
});
const vitest = spawn("npx", ["vitest", "run", "test/proofs/cluster/cluster.system.test.ts"], {
  stdio: "inherit",
  env: {
    ...process.env,
    PROTOBFF_TIER: "system",
    PROTOBFF_CLUSTER_PROCESSES: values.processes,
    PROTOBFF_CLUSTER_SECONDS: `${Number(values.minutes) * 60}`,
    PROTOBFF_CLUSTER_PLANTED: values.planted,
    ...(values.seed !== undefined && { PROTOBFF_SEED: values.seed }),
  },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => vitest.kill(signal));
vitest.once("exit", (code) => {
  process.exitCode = code ?? 1;
});
