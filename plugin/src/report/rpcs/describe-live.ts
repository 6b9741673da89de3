// Report of a live answer: its triggers, and the steps and calls of each.
import { fullName } from "../../model/full-name.ts";
import type { SplitCalls } from "../../plan/check/max-calls.ts";
import type { KeptCall, LiveRun, PlanLive } from "../../plan/model/live.ts";
import type { PlanMethod } from "../../plan/model/plan.ts";
import { defined } from "../../text/json-member.ts";
import { timeText } from "../../text/time-text.ts";
import { totalOf } from "../calls/describe-method-calls.ts";
import { inputNames } from "./describe-caching.ts";

/** Names are the names in the JSON. */
interface LiveReport {
  /** Inputs besides the request: followers with equal ones share the answer. Absent: each has a separate one. */
  readonly shared_by?: readonly string[];
  readonly on?: readonly LiveRunReport[];
  readonly follow?: readonly (LiveRunReport & { readonly key: string })[];
  readonly every_ms?: number;
  readonly min_interval_ms: number;
  readonly jitter: number;
  readonly heartbeat_ms?: number;
  readonly max_age_ms: number;
}
/** Steps with calls, and calls at worst; null: nothing bounds them. */
interface LiveRunReport {
  readonly trigger: string;
  readonly runs: readonly string[];
  readonly keeps?: readonly string[];
  readonly worst_calls: number | null;
}

/** Member of an rpc with a live answer. */
export interface LiveOfRpc {
  /** Its triggers; other numbers cover the first message. */
  readonly live?: LiveReport;
}
/** @param calls of the whole answer at worst */
export const liveOfRpc = ({ live }: PlanMethod, calls: readonly SplitCalls[]): LiveOfRpc =>
  defined("live", live && liveReport(live, calls));

function liveReport(live: PlanLive, calls: readonly SplitCalls[]): LiveReport {
  const runReport = (run: LiveRun): LiveRunReport => ({
    trigger: run.text,
    runs: run.steps,
    ...defined("keeps", run.keeps.length === 0 ? undefined : run.keeps),
    worst_calls: totalOf(
      run.runs === undefined ? calls : calls.filter(({ method }) => run.runs?.some((call) => isOf(call, method))),
      "calls",
    ),
  });
  const { shared, on, follows } = live;
  return {
    ...defined("shared_by", shared && inputNames(shared)),
    ...defined("on", on.length === 0 ? undefined : on.map(runReport)),
    ...defined(
      "follow",
      follows.length === 0
        ? undefined
        : follows.map((follow) => ({ ...runReport(follow), key: follow.key.text.value })),
    ),
    ...defined("every_ms", live.everyMs),
    min_interval_ms: live.minIntervalMs.value,
    jitter: live.jitter.value,
    ...defined("heartbeat_ms", live.heartbeatMs?.value),
    max_age_ms: live.maxAgeMs.value,
  };
}

/** The newest item of a topic is a call of NATS, or of the topic's call. */
const isOf = (call: KeptCall, method: string): boolean =>
  "method" in call
    ? fullName(call.method) === method
    : call.entry !== undefined && fullName(call.entry.method) === method;

function callsText(most: number | null): string {
  if (most === null) return "any number of calls";
  return most === 1 ? "1 call" : `${most} calls`;
}

/** Returns separate lines without indentation. */
export function liveLines({ live }: PlanMethod, calls: readonly SplitCalls[]): readonly string[] {
  if (live === undefined) return [];
  const report = liveReport(live, calls);
  const { on = [], follow = [], every_ms: everyMs, heartbeat_ms: beatMs, min_interval_ms: intervalMs } = report;
  const runs = [
    ...on.map((run) => [run.trigger, run] as const),
    ...follow.map((run) => [`${run.trigger} by ${run.key}`, run] as const),
  ];
  const pace = [
    `no more often than every ${timeText(intervalMs)}`,
    `spread over ${timeText(Math.round(intervalMs * report.jitter))}`,
    ...(beatMs === undefined ? [] : [`a beat every ${timeText(beatMs)}`]),
    `for ${timeText(report.max_age_ms)} at most`,
  ];
  const by = report.shared_by?.map((name) => `, ${name}`).join("");
  const scope = on.length === 0 ? [] : ["purges of other processes count if both share a Redis"];
  return [
    ...runs.map(([trigger, { runs, keeps = [], worst_calls: most }]) =>
      [
        `after ${trigger} runs ${runs.length === 0 ? "nothing" : runs.join(", ")}`,
        ...(keeps.length === 0 ? [] : [`keeps ${keeps.join(", ")}`]),
        callsText(most),
      ].join("; "),
    ),
    ...(everyMs === undefined ? [] : [`every ${timeText(everyMs)} runs everything`]),
    pace.join(", "),
    by === undefined ? "composed for each follower" : `composed once for followers with equal requests${by}`,
    ...scope,
  ];
}
