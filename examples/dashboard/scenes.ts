// The scenes of the demo, in their order. Scenes with `all` run only with `npm run demo -- --all`.
import { followARun } from "../runs/follow-a-run.ts";
import type { RunsBff } from "../runs/runs-bff.ts";
import type { AccountBff } from "./account.ts";
import {
  chart,
  expectStatus,
  fetchAnswer,
  fetchAnswerUntil,
  fieldsOf,
  lineOf,
  MOBILE,
  pretty,
  WEB,
  warm,
  withoutDetails,
} from "./answers.ts";
import type { BffProcess } from "./bff-process.ts";
import { showEdge } from "./edge.ts";
import { showGate } from "./gate.ts";
import { faultMetrics, tracesGoTo } from "./on-call.ts";
import { planText } from "./plan-text.ts";
import { showReuse } from "./reuse.ts";
import { dim, show } from "./terminal.ts";
import type { Upstreams } from "./upstreams.ts";
import { SPENDING, showAccess, showSignedIdentity } from "./who-is-calling.ts";

/** The running processes that scenes use. */
export interface Stage {
  readonly upstreams: Upstreams;
  readonly web: BffProcess;
  readonly mobile: BffProcess;
  readonly account: AccountBff;
  /** Lines that the BFFs have logged. */
  readonly log: readonly string[];
  readonly all: boolean;
  /** Starts the BFF of long runs. */
  startRuns(): Promise<RunsBff>;
}

export interface Scene {
  readonly title: string;
  readonly explanation: string;
  readonly all?: true;
  play(stage: Stage): Promise<void>;
}

async function showDashboard({ upstreams, web }: Stage): Promise<void> {
  // The first requests open connections and wait for compilers, so the chart shows a warm process.
  const answer = await warm(() => fetchAnswer(upstreams, web.url, WEB, { workspaceId: "atlas" }));
  show(pretty(answer.body));
  console.log();
  show(chart(answer));
  expectStatus(answer, 200);
}

async function showPhone({ upstreams, mobile }: Stage): Promise<void> {
  await fetchAnswerUntil(upstreams, mobile.url, (body) => body.includes("spentCents"));
  const answer = await warm(() => fetchAnswer(upstreams, mobile.url, MOBILE, { workspaceId: "lumen" }));
  show(pretty(answer.body));
  console.log();
  show(chart(answer));
  expectStatus(answer, 200);
}

async function showMissing({ upstreams, web, mobile }: Stage): Promise<void> {
  // The phone's BFF caches this answer for the next scene.
  await fetchAnswerUntil(upstreams, mobile.url, (body) => body.includes("spentCents"));
  await upstreams.services.billing.stop();
  const answer = await fetchAnswer(upstreams, web.url, WEB, { workspaceId: "atlas" });
  show(`bff-degraded: ${answer.header ?? ""}`);
  show(pretty(fieldsOf(answer.body, ["agent", "spentCents", "unread", "degraded"])));
  expectStatus(answer, 200);
  if (answer.header === null) throw new Error("the answer without billing is not marked as degraded");
}

async function showStale({ upstreams, mobile, all }: Stage): Promise<void> {
  const fields = ["name", "unread", "spentCents", "degraded"];
  // An answer past its ttl is served and renewed at once; it is stale after the renewal has failed.
  const stale = await fetchAnswerUntil(upstreams, mobile.url, (body) => body.includes("EFFECT_STALE"));
  show(`bff-degraded: ${stale.header ?? ""}`);
  show(pretty(fieldsOf(stale.body, fields)));
  if (all) {
    const cold = await fetchAnswer(upstreams, mobile.url, MOBILE, { workspaceId: "harbor" });
    show(`\n${dim("The answer for a workspace that is not in the cache:")}`);
    show(pretty(fieldsOf(cold.body, fields)));
    expectStatus(cold, 200);
  }
  await upstreams.services.billing.start();
}

async function showFailure({ upstreams, web, log, all }: Stage): Promise<void> {
  await upstreams.services.agent.stop();
  const answer = await fetchAnswer(upstreams, web.url, WEB, { workspaceId: "atlas" });
  show(`HTTP ${answer.status}  ${withoutDetails(JSON.stringify(answer.body))}  ${dim(`${answer.milliseconds} ms`)}`);
  show(`\n${dim("The BFF's log has the cause:")}`);
  show(await lineOf(log, (line) => line.includes("failed with UNAVAILABLE")));
  expectStatus(answer, 503);
  await upstreams.services.agent.start();
  if (!all) return;
  const receiver = tracesGoTo();
  const place = receiver === undefined ? "No receiver of traces is set" : `The receiver is ${receiver}`;
  show(`\n${dim(`The trace of this request is ${answer.traceId}. ${place}.`)}`);
}

async function showMetrics({ web }: Stage): Promise<void> {
  for (const line of await faultMetrics(web.metrics ?? "")) show(line);
}

export const SCENES: readonly Scene[] = [
  {
    title: "The plan",
    explanation: "The compiler's reading of proto/example/web/v1/web.proto: the steps, and what each step waits for.",
    all: true,
    play: async () => show(planText("web/v1/web.proto")),
  },
  {
    title: "One request to the web BFF",
    explanation: `POST ${WEB} {"workspaceId":"atlas"}: the BFF composes six upstream calls.`,
    play: showDashboard,
  },
  {
    title: "The same upstreams for a phone",
    explanation: `POST ${MOBILE} {"workspaceId":"lumen"}: fewer fields, three runs of eight, and a cached amount.`,
    all: true,
    play: showPhone,
  },
  {
    title: "Access checks",
    explanation: `POST ${SPENDING}: for admins of the workspace. Other callers are refused before any upstream call.`,
    play: ({ account, upstreams }) => showAccess(account, upstreams, show),
  },
  {
    title: "A signed identity for upstreams",
    explanation: "The BFF signs the caller's identity for each upstream, which verifies it with the BFF's public keys.",
    all: true,
    play: ({ account, upstreams }) => showSignedIdentity(account, upstreams, show),
  },
  {
    title: "Invalid and too frequent requests",
    explanation: "Rules of buf.validate, and a rate_limit with a burst of three: both refuse before any upstream call.",
    all: true,
    play: ({ account, upstreams }) => showEdge(account, upstreams, show),
  },
  {
    title: "HTTP caching",
    explanation: "`http_cache` on GetAccount: an answer to GET has a tag, and a request with this tag gets no body.",
    all: true,
    play: ({ account }) => showReuse(account, show),
  },
  {
    title: "Billing is down, without a cache",
    explanation: "The step is supplementary: the BFF answers without the amount, and lists it as missing.",
    play: showMissing,
  },
  {
    title: "Billing is down, with a cache",
    explanation: 'The phone\'s BFF has `cache: { ttl: "1s" stale: "60m" }`: it serves the last amount, with its age.',
    play: showStale,
  },
  {
    title: "The agent service is down",
    explanation: "The step is critical: without it, the whole request fails.",
    play: showFailure,
  },
  {
    title: "Metrics of these faults",
    explanation: "Some of the web BFF's metrics for Prometheus.",
    all: true,
    play: showMetrics,
  },
  {
    title: "Yesterday's traffic through the next build",
    explanation: "BFF_CAPTURE has captured three requests. `protobff replay --against` runs them in a changed build.",
    all: true,
    play: ({ upstreams }) => showGate(upstreams, show),
  },
  {
    title: "A long run",
    explanation: "FollowRun streams each event of a run. The BFF restarts meanwhile, and the client loses no event.",
    play: async ({ startRuns }) => followARun(await startRuns(), show),
  },
];
