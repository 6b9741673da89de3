// Program of `protobff replay`, in the process of the project: `node main.js '{"file":…,"server":…}'`, or with
// `"files":…,"against":…`. The process is separate because it loads the generated server.
const args = JSON.parse(process.argv[2] ?? "{}");
const run =
  args.against === undefined
    ? (await import("./run-replay.ts")).runReplay
    : (await import("./against/run-against.ts")).runAgainst;
process.exitCode = await run(
  args,
  (text) => process.stdout.write(text),
  (line) => process.stderr.write(`${line}\n`),
);
