// Program of `protobff replay`, in the process of the project: `node main.js '{"file":…,"server":…}'`, or with
// `"files":…,"against":…`, and the differences of the plans in its input; of `protobff golden from-captures`, with
// `"golden":[…],"server":…`; or of servers to describe, with `"describe":[…]`. The process is separate because it loads the
// generated server.
import { readFileSync } from "node:fs";

const args = JSON.parse(process.argv[2] ?? "{}");
if (args.plan === "stdin") args.plan = JSON.parse(readFileSync(0, "utf8"));
async function programOf() {
  if (args.describe !== undefined) return (await import("./world/describe-builds.ts")).describeBuilds;
  if (args.golden !== undefined) return (await import("./golden/run-golden.ts")).runGolden;
  if (args.against !== undefined) return (await import("./against/run-against.ts")).runAgainst;
  return (await import("./run-replay.ts")).runReplay;
}
const run = await programOf();
process.exitCode = await run(
  args,
  (text) => process.stdout.write(text),
  (line) => process.stderr.write(`${line}\n`),
);
