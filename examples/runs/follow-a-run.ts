// What the demo shows of streams: a run is started, followed through a restart of the BFF, and asked for now and then.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { events, follow } from "@protobff/client";
import { RunService } from "../../generated/runs/v1/runs_pb.ts";
import type { RunsBff } from "./runs-bff.ts";

/** @throws Error where an event is lost, or comes twice */
export async function followARun(runs: RunsBff, show: (line: string) => void): Promise<void> {
  const baseUrl = runs.url;
  const client = createClient(RunService, createConnectTransport({ baseUrl, httpVersion: "1.1" }));
  const { runId } = await client.startRun({ task: "mend the login", userId: "u-ada" });
  show(`StartRun   ${runId}`);
  const seen: number[] = [];
  const over = events({ baseUrl });
  const onState = ({ kind }: { readonly kind: string }): void => {
    if (kind === "waiting" && !lost) show("           … the BFF is gone");
    lost = kind === "waiting" || (lost && kind === "opening");
  };
  let lost = false;
  let restarting: Promise<void> | undefined;
  for await (const { message } of follow(RunService.method.followRun, { runId }, { over, onState })) {
    seen.push(message.percent);
    const done = message.done ? ", and that was the last one" : "";
    show(`FollowRun  ${`${message.percent} %`.padStart(5)}  ${message.actorName ?? "somebody"} ${message.text}${done}`);
    if (seen.length === 2) {
      const { percent } = await client.getRun({ runId });
      show(`GetRun     ${`${percent} %`.padStart(5)}  says the same to who asks now and then`);
    }
    if (seen.length === 4) restarting = runs.restart();
  }
  await restarting;
  const wanted = Array.from({ length: seen.length }, (_, i) => Math.round(((i + 1) / runs.events) * 100));
  if (seen.length !== runs.events || String(seen) !== String(wanted))
    throw new Error(`events were lost, or came twice: ${seen}`);
}
