// `npm run bench -- <scenario> [--json] [--quick] [--record]` measures. Figures are printed and never asserted; a
// violation of a figure that holds on any machine fails. `npm run bench -- all --record` measures each scenario that is
// not yet recorded at this commit. `npm run bench -- --report` writes docs/performance.md from the records.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runCel } from "./cel/main.ts";
import { runCodec } from "./codec.ts";
import { runDev } from "./dev.ts";
import { runEmbedded } from "./embedded.ts";
import { runFleet } from "./fleet.ts";
import { runGenerate } from "./generate.ts";
import { runPurges } from "./purges.ts";
import { writeReport } from "./report/performance.ts";
import { runClosedLoop } from "./rig/closed-loop.ts";
import { isRecorded, type RunOptions, report, type ScenarioResult } from "./rig/result.ts";
import { runAttacks } from "./scenarios/attacks.ts";
import { runBalance } from "./scenarios/balance.ts";
import { runCall } from "./scenarios/call.ts";
import { runCapacity } from "./scenarios/capacity.ts";
import { runCapture } from "./scenarios/capture.ts";
import { closedLoops } from "./scenarios/closed-loops.ts";
import { runEdge } from "./scenarios/edge.ts";
import { runFollowers } from "./scenarios/followers.ts";
import { runGrowth } from "./scenarios/growth.ts";
import { runHalf } from "./scenarios/half.ts";
import { runHang } from "./scenarios/hang.ts";
import { runHop } from "./scenarios/hop.ts";
import { runIdentity } from "./scenarios/identity.ts";
import { runIdle } from "./scenarios/idle.ts";
import { runLive } from "./scenarios/live.ts";
import { runMirror } from "./scenarios/mirror.ts";
import { runOverload } from "./scenarios/overload.ts";
import { runRefusals } from "./scenarios/refusals.ts";
import { runSame } from "./scenarios/same.ts";
import { runShare } from "./scenarios/share.ts";
import { runStart } from "./scenarios/start.ts";
import { runStream } from "./scenarios/stream.ts";
import { runTail } from "./scenarios/tail.ts";
import { runTelemetry } from "./scenarios/telemetry.ts";
import { runTools } from "./scenarios/tools.ts";
import { runWorkers } from "./scenarios/workers.ts";
import { runValidation } from "./validation.ts";

type Run = (options: RunOptions) => Promise<void>;
const reported =
  (measure: (options: RunOptions) => Promise<ScenarioResult>): Run =>
  async (options) =>
    report(await measure(options), options);

const RECORDED: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(
    closedLoops.map((loop) => [loop.name, reported((options: RunOptions) => runClosedLoop(loop, options))]),
  ),
  call: reported(runCall),
  growth: reported(runGrowth),
  half: reported(runHalf),
  hang: reported(runHang),
  hop: reported(runHop),
  tail: reported(runTail),
  balance: reported(runBalance),
  mirror: reported(runMirror),
  overload: reported(runOverload),
  same: reported(runSame),
  start: reported(runStart),
  stream: reported(runStream),
  followers: reported(runFollowers),
  idle: reported(runIdle),
  identity: reported(runIdentity),
  edge: reported(runEdge),
  capacity: reported(runCapacity),
  refusals: reported(runRefusals),
  telemetry: reported(runTelemetry),
  tools: reported(runTools),
  workers: reported(runWorkers),
  attacks: reported(runAttacks),
  generate: reported(runGenerate),
  dev: reported(runDev),
};
const SCENARIOS: Readonly<Record<string, Run>> = {
  cel: ({ json }) => runCel(json),
  codec: async ({ json }) => runCodec(json),
  validation: ({ json }) => runValidation(json),
  purges: async ({ json }) => runPurges(json),
  embedded: ({ json }) => runEmbedded(json),
  fleet: async ({ json }) => runFleet(json),
  capture: reported(runCapture),
  share: reported(runShare),
  live: reported(runLive),
  all: runAll,
  ...RECORDED,
};

/** Each scenario has a fresh process. One that fails does not stop the others. */
async function runAll({ quick, record }: RunOptions): Promise<void> {
  const flags = [...(quick ? ["--quick"] : []), ...(record ? ["--record"] : [])];
  const failures = Object.keys(RECORDED).filter((scenario) => {
    if (record && isRecorded(scenario)) return false;
    const args = [fileURLToPath(import.meta.url), scenario, ...flags];
    return spawnSync(process.execPath, args, { stdio: "inherit" }).status !== 0;
  });
  if (failures.length > 0) throw new Error(`failed: ${failures.join(", ")}`);
}
const FLAGS = ["--json", "--quick", "--record"];
const ONLY = "--only=";
const USAGE = `usage: npm run bench -- <scenario> [${FLAGS.join("] [")}] [--only=<variant>,…], with a scenario of ${Object.keys(SCENARIOS).join(", ")}
       npm run bench -- --report`;

const [name = "", ...flags] = process.argv.slice(2);
const run = SCENARIOS[name];
if (name === "--report" && flags.length === 0) {
  writeReport();
} else if (run === undefined || flags.some((flag) => !FLAGS.includes(flag) && !flag.startsWith(ONLY))) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const only = flags
    .find((flag) => flag.startsWith(ONLY))
    ?.slice(ONLY.length)
    .split(",");
  try {
    await run({
      json: flags.includes("--json"),
      quick: flags.includes("--quick"),
      record: flags.includes("--record"),
      ...(only !== undefined && { only }),
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
