// A command-line client: the text of a long run goes to standard output as it comes, and nothing else does.
// `node examples/cli/cli.ts http://127.0.0.1:8080 'mend the login' | tee run.txt` starts a run and follows it to its end.
import { once } from "node:events";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { connect, type FollowState, follow } from "@protobff/client";
import { RunService } from "../../generated/runs/v1/runs_pb.ts";

/** Reports a lost connection on standard error, where it does not disturb a pipe. */
const onState = (state: FollowState): void => {
  if (state.kind === "waiting") console.error(`${state.why.message}; again in ${Math.round(state.ms)} ms`);
};

async function main(baseUrl: string, task: string): Promise<void> {
  const { stdout } = process;
  // The reader of the pipe has seen enough, as `head` does.
  stdout.on("error", ({ code }: NodeJS.ErrnoException) => process.exit(code === "EPIPE" ? 0 : 1));
  const transport = createConnectTransport({ baseUrl, httpVersion: "2" });
  const { runId } = await createClient(RunService, transport).startRun({ task, userId: "u-ada" });
  for await (const { message } of follow(
    RunService.method.followRun,
    { runId },
    { over: connect(transport), onState },
  )) {
    // A slow reader slows the run's stream down, so nothing piles up here.
    if (!stdout.write(`${message.text}\n`)) await once(stdout, "drain");
  }
}

const [baseUrl, task] = process.argv.slice(2);
if (baseUrl === undefined || task === undefined) {
  console.error("usage: cli.ts <url> <task>");
  process.exit(2);
}
try {
  await main(baseUrl, task);
  process.exit(0); // without waiting for the idle connection
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
