// Requests to the web and mobile BFFs of the demo, and how it prints their answers.
import { setTimeout as pause } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { gantt } from "./gantt.ts";
import { newTrace } from "./on-call.ts";
import { dim } from "./terminal.ts";
import type { LoggedCall, Upstreams } from "./upstreams.ts";

export const WEB = "/web.v1.DashboardService/GetDashboard";
export const MOBILE = "/mobile.v1.HomeService/GetHome";
const USER = "u-ada";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The header `bff-degraded`. */
  readonly header: string | null;
  readonly milliseconds: number;
  readonly traceId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** The upstream calls of this answer. */
  readonly calls: readonly LoggedCall[];
}

/** Sends Connect's JSON over plain fetch, without a client library. */
export async function fetchAnswer(upstreams: Upstreams, url: string, path: string, request: object): Promise<Answer> {
  upstreams.calls.length = 0;
  const trace = newTrace();
  const startedAt = performance.now();
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-request-id": "demo", traceparent: trace.traceparent },
    body: JSON.stringify({ ...request, userId: USER }),
  });
  const body: unknown = await response.json();
  const endedAt = performance.now();
  return {
    status: response.status,
    body,
    header: response.headers.get("bff-degraded"),
    milliseconds: Math.round(endedAt - startedAt),
    traceId: trace.id,
    startedAt,
    endedAt,
    calls: [...upstreams.calls],
  };
}

const WARM_UP = 10;

/** Repeats a request until its parallel calls took less time than they would in sequence. A busy machine needs a while. */
export async function warm(request: () => Promise<Answer>): Promise<Answer> {
  const end = performance.now() + 10_000;
  for (let i = 1; ; i++) {
    const answer = await request();
    if ((i >= WARM_UP && answer.milliseconds < inSequence(answer)) || performance.now() > end) return answer;
  }
}

/** Total time of the calls, in milliseconds. */
function inSequence({ calls, endedAt }: Answer): number {
  return Math.round(calls.reduce((total, call) => total + (call.endedAt ?? endedAt) - call.startedAt, 0));
}

/** Repeats the phone's request until its answer matches, because a busy machine can exceed the phone's budget at first. */
export async function fetchAnswerUntil(
  upstreams: Upstreams,
  url: string,
  matches: (body: string) => boolean,
): Promise<Answer> {
  for (const end = performance.now() + 10_000; performance.now() < end; await pause(100)) {
    const answer = await fetchAnswer(upstreams, url, MOBILE, { workspaceId: "lumen" });
    if (matches(JSON.stringify(answer.body))) return answer;
  }
  throw new Error("the phone's answer does not match after 10 s");
}

/** The first such line of the log, which the server writes shortly after its answer. */
export async function lineOf(log: readonly string[], matches: (line: string) => boolean): Promise<string> {
  for (const end = performance.now() + 5_000; performance.now() < end; await pause(10)) {
    const line = log.find(matches);
    if (line !== undefined) return line;
  }
  throw new Error(`the log lacks a line:\n${log.join("\n")}`);
}

/** The upstream calls of an answer as bars over time. */
export function chart(answer: Answer): string {
  const { calls, startedAt, endedAt, milliseconds } = answer;
  const spans = calls.map((call) => ({
    label: call.method.replace(/^(\w+)\..*\//, "$1 "),
    startedAt: call.startedAt,
    endedAt: call.endedAt ?? endedAt,
    ...(call.outcome === "ok" ? {} : { note: call.outcome === "pending" ? "unanswered" : Code[call.outcome] }),
  }));
  const sum = inSequence(answer);
  const parallel = milliseconds < sum ? `; in sequence the calls alone would take ${sum} ms` : "";
  return [...gantt(spans, startedAt, endedAt), dim(`answered in ${milliseconds} ms${parallel}`)].join("\n");
}

export function expectStatus(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`HTTP ${answer.status} instead of ${status}: ${pretty(answer.body)}`);
}

/** JSON, with short objects on one line. */
export function pretty(value: unknown, indent = ""): string {
  const flat = JSON.stringify(value)?.replace(/":/g, '": ').replace(/,"/g, ', "') ?? "";
  if (indent.length + flat.length <= 110 || typeof value !== "object" || value === null) return flat;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((item) => deeper + pretty(item, deeper)).join(",\n")}\n${indent}]`;
  const lines = Object.entries(value).map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${pretty(item, deeper)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** The named fields of an answer. */
export function fieldsOf(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

/** Cuts the details of an error off its JSON: every error names its reason and its request there. */
export const withoutDetails = (json: string): string => json.replace(/,"details":.*/, ", …}");
