// The demo's scene about streams: a client starts a run, follows it through a restart of the BFF, and polls it once.
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { arrived, events, follow, merged } from "@protobff/client";
import { RUN_PAGE_PARTS } from "../../generated/runs/v1/runs_parts.ts";
import { type RunPage, RunPageSchema, RunService } from "../../generated/runs/v1/runs_pb.ts";
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
    if (kind === "waiting" && !lost) show("           … the BFF restarts");
    lost ||= kind === "waiting";
  };
  let lost = false;
  let restarting: Promise<void> | undefined;
  for await (const { message } of follow(RunService.method.followRun, { runId }, { over, onState })) {
    seen.push(message.percent);
    const done = message.done ? " (the last event)" : "";
    show(`FollowRun  ${`${message.percent} %`.padStart(5)}  ${message.actorName ?? "somebody"} ${message.text}${done}`);
    if (seen.length === 2) {
      const { percent } = await client.getRun({ runId });
      show(`GetRun     ${`${percent} %`.padStart(5)}  the same progress, for clients that poll`);
    }
    if (seen.length === 3) show(`OpenRun    ${page(await lastOf(merged(RunPageSchema, client.openRun({ runId }))))}`);
    if (seen.length === 4) restarting = runs.restart();
  }
  await restarting;
  const expected = Array.from({ length: seen.length }, (_, i) => Math.round(((i + 1) / runs.events) * 100));
  if (seen.length !== runs.events || String(seen) !== String(expected))
    throw new Error(`events were lost, or came twice: ${seen}`);
}

/** A real page draws each of them: the first has what is known at once. */
async function lastOf<T>(pages: AsyncIterable<T>): Promise<T | undefined> {
  let last: T | undefined;
  for await (const page of pages) last = page;
  return last;
}
function page(run: RunPage | undefined): string {
  const percent = `${run?.percent} %`.padStart(5);
  const whose = run !== undefined && arrived(run, "actor_name", RUN_PAGE_PARTS) ? run.actorName : "nobody yet";
  return `${percent}  a page of the run, with its slow part: ${whose}`;
}
