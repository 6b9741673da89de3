// Report of the stream that an rpc follows.

import { fullName } from "../../model/full-name.ts";
import { pathName } from "../../model/path-name.ts";
import type { PlanStream } from "../../plan/model/plan.ts";
import { defined } from "../../text/json-member.ts";

/** Names are the names in the JSON. Expressions appear as written. */
export interface StreamReport {
  /** Name of an item, and its message. */
  readonly var: string;
  readonly item: string;
  /** The method that is followed; or the topic. */
  readonly call?: string;
  readonly set?: readonly { readonly name: string; readonly by: string; readonly if?: string }[];
  readonly topic?: TopicReport;
  readonly key?: string;
  readonly if?: string;
  readonly until?: string;
  readonly position?: string;
  readonly idle_ms?: number;
  readonly heartbeat_ms?: number;
  readonly max_age_ms: number;
  readonly ahead: number;
  readonly overflow: "wait" | "latest" | "fail";
  readonly min_interval_ms?: number;
  /** Maximum number of streams of the method that are followed at a time; present only if declared for the method. */
  readonly streams?: number;
}
interface TopicReport {
  readonly name: string;
  readonly subject?: string;
  readonly jetstream?: string;
  /** The call that the topic follows if no NATS is configured. */
  readonly call?: string;
  readonly position?: string;
  readonly until?: string;
  readonly keep: number;
}

export function streamReport(stream: PlanStream): StreamReport {
  const { of, source, idleMs, heartbeatMs, maxAgeMs, ahead, overflow, minIntervalMs } = stream;
  const { type } = of.item;
  const set = source.kind === "call" ? source.call.set : [];
  return {
    var: of.item.name,
    item: type.kind === "message" ? type.desc.typeName : type.kind,
    ...(source.kind === "call"
      ? { call: fullName(source.call.method) }
      : { topic: topicReport(source.topic), key: source.key.text.value }),
    ...(set.length > 0 && {
      set: set.map(({ path, bound, if: condition }) => ({
        name: pathName(path),
        by: bound.expression.text.value,
        ...defined("if", condition?.text.value),
      })),
    }),
    ...defined("if", of.if?.text.value),
    ...defined("until", of.until?.text.value),
    ...defined("position", of.position?.by.text.value),
    ...defined("idle_ms", idleMs?.value),
    ...defined("heartbeat_ms", heartbeatMs?.value),
    max_age_ms: maxAgeMs.value,
    ahead: ahead.value,
    overflow: overflow.value,
    ...defined("min_interval_ms", minIntervalMs?.value),
    ...defined("streams", source.kind === "call" ? source.call.policy.streams?.value : undefined),
  };
}

function topicReport({ of, keep }: Extract<PlanStream["source"], { kind: "follow" }>["topic"]): TopicReport {
  const { topic, call, position, until } = of;
  return {
    name: topic.name.value,
    ...defined("subject", topic.subject?.value),
    ...defined("jetstream", topic.jetstream?.value),
    ...defined("call", call && fullName(call.method)),
    ...defined("position", position?.by.text.value),
    ...defined("until", until?.text.value),
    keep: keep.value,
  };
}

/** Returns the source of its items: `each event of AgentService/WatchRun`. */
export function followed({ var: name, call, topic }: StreamReport): string {
  const of = call === undefined ? `topic ${topic?.name}` : shortName(call);
  return `each ${name} of ${of}`;
}

const OVERFLOW = {
  wait: "the source waits for clients",
  latest: "clients that are slow get the newest",
  fail: "clients that are slow are ended",
};

/** Returns separate lines without indentation. `short` prints milliseconds. */
export function streamLines(report: StreamReport, short: (ms: number) => string): readonly string[] {
  const time = (ms: number): string => (ms % 60_000 === 0 ? `${ms / 60_000} min` : short(ms));
  const { topic, key, position } = report;
  const places = position ?? topic?.position;
  const from =
    topic === undefined
      ? []
      : [
          `follows ${key} of topic ${topic.name}: ${[
            ...(topic.subject === undefined ? [] : [`${topic.subject} in JetStream's ${topic.jetstream}`]),
            ...(topic.call === undefined ? [] : [`one ${shortName(topic.call)} for all`]),
          ].join(", or without NATS ")}`,
        ];
  const parts = [
    ...(report.if === undefined ? [] : [`where ${report.if}`]),
    ...(report.until === undefined ? [] : [`until ${report.until}`]),
    ...(topic?.subject !== undefined ? ["resumes by positions in the topic"] : []),
    ...(places === undefined || topic?.subject !== undefined ? [] : [`resumes after ${places}`]),
    ...(report.idle_ms === undefined ? [] : [`silent for ${time(report.idle_ms)} it has failed`]),
    ...(report.heartbeat_ms === undefined ? [] : [`a beat every ${time(report.heartbeat_ms)}`]),
    `for ${time(report.max_age_ms)}`,
    ...(report.ahead === 1 ? [] : [`${report.ahead} at a time`]),
    OVERFLOW[report.overflow],
    ...(report.min_interval_ms === undefined ? [] : [`no more often than every ${time(report.min_interval_ms)}`]),
  ];
  return [...from, parts.join(", ")];
}

const shortName = (method: string): string => method.slice(method.lastIndexOf(".") + 1);
