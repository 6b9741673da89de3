// Program of `protobff replay`, in the process of the project: `node main.js '{"file":…,"server":…}'`, or with
// `"files":…,"against":…`; and of `protobff golden from-captures`, with `"golden":[…],"server":…`. The process is
// separate because it loads the generated server.
const args = JSON.parse(process.argv[2] ?? "{}");
async function programOf() {
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
