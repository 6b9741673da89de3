// Program of `protobff replay`, in the process of the project: `node main.js '{"file":…,"server":…}'`. The
// process is separate because it loads the generated server.
import { runReplay } from "./run-replay.ts";

process.exitCode = await runReplay(
  JSON.parse(process.argv[2] ?? "{}"),
  (text) => process.stdout.write(text),
  (line) => process.stderr.write(`${line}\n`),
);
