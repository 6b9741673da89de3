// Moments of a replay: the state of each call after an event, and the differences between two replays.
import type { ReplayedCall, ShownCall, ShownDetail, ShownReplay, ShownRequest } from "../src/explorer/page-data.ts";
import { ms as shownMs } from "./words.ts";

/** An event of the captured replay (0) or of the changed one (1). */
export interface Moment {
  readonly ms: number;
  readonly of: 0 | 1;
  /** Index among the events of its replay. */
  readonly index: number;
  readonly text: string;
}

/** Returns the events of both replays in the order of their times. */
export function momentsOf(captured: ShownReplay, changed: ShownReplay | undefined): readonly Moment[] {
  const all = ([captured, changed] as const).flatMap((replay, of) =>
    (replay?.events ?? []).map((event, index): Moment => ({ ...event, of: of === 0 ? 0 : 1, index })),
  );
  return all.sort((a, b) => a.ms - b.ms);
}

/** Returns the index of a replay's last event among the first moments; -1: none. */
export function indexAt(moments: readonly Moment[], count: number, of: 0 | 1): number {
  return moments.slice(0, count).findLast((moment) => moment.of === of)?.index ?? -1;
}

/** Returns the number of upstream answers up to an event. */
export function answersUntil({ calls }: ShownReplay, index: number): number {
  const ends = calls.flatMap(({ attempts }) => attempts.filter(({ status }) => status !== undefined));
  return ends.filter(({ to = Number.POSITIVE_INFINITY }) => to <= index).length;
}

/** Returns the request as it was after an event, in the form of a running server's requests. */
export function detailAt(request: ShownRequest, replay: ShownReplay, index: number): ShownDetail {
  const { events, calls, tookMs, status } = replay;
  const at = (event: number): number => events[event]?.ms ?? 0;
  const isOver = index === events.length - 1;
  return {
    ...request,
    ms: isOver ? tookMs : undefined,
    status: isOver ? status : "RUNNING",
    headers: [],
    degradation: [],
    dropped: 0,
    spans: calls.map((call) => callAt(call, index, at)),
  };
}

function callAt(call: ReplayedCall, index: number, at: (event: number) => number): ShownCall {
  const sent = call.attempts.filter(({ from }) => from <= index);
  const attempts = sent.map(({ number, hedge, from, to, outcome }) => {
    const isOver = to !== undefined && to <= index;
    return { number, hedge, startMs: at(from), endMs: at(isOver ? to : index), outcome: isOver ? outcome : "RUNNING" };
  });
  const ended = sent.filter(({ to }) => to !== undefined && to <= index);
  const isRunning = ended.length < call.attempts.length;
  const status = ended.some((attempt) => attempt.status === "OK") ? "OK" : (ended.at(-1)?.status ?? "CANCELLED");
  const outcome = isRunning && status !== "OK" ? "RUNNING" : status;
  const isAnswered = outcome === "OK";
  return {
    kind: "call",
    name: call.name,
    branch: call.branch,
    startMs: at(sent[0]?.from ?? index),
    endMs: outcome === "RUNNING" ? at(index) : Math.max(...attempts.map(({ endMs }) => endMs)),
    outcome: sent.length === 0 ? "WAITING" : outcome,
    failure: outcome === "RUNNING" || isAnswered ? undefined : call.failure,
    attempts,
    request: sent.length === 0 ? undefined : call.request,
    response: isAnswered ? call.response : undefined,
  };
}

/** A value of two replays. */
interface Difference {
  readonly what: string;
  readonly captured: string;
  readonly changed: string;
}

/** Returns what differs: the end, fields of the answer, and calls. */
export function differencesOf(captured: ShownReplay, changed: ShownReplay): readonly Difference[] {
  const [before, after] = [valuesOf(captured), valuesOf(changed)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((what) => {
    const [was, is] = [before.get(what) ?? "", after.get(what) ?? ""];
    return was === is ? [] : [{ what, captured: was, changed: is }];
  });
}

function valuesOf({ status, tookMs, degraded, answer, calls }: ShownReplay): ReadonlyMap<string, string> {
  const values = new Map([
    ["status", status],
    ["took", shownMs(tookMs)],
    ["degraded", degraded],
  ]);
  addLeaves("answer", parsed(answer), values);
  for (const call of calls) {
    const end = call.attempts.length;
    const { outcome } = callAt(call, Number.POSITIVE_INFINITY, () => 0);
    let [name, n] = [`call ${call.name}`, 2];
    while (values.has(name)) name = `call ${call.name} (${n++})`;
    values.set(name, `${outcome}, ${end} ${end === 1 ? "attempt" : "attempts"}`);
  }
  return values;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Adds the values in a message by their paths. */
function addLeaves(path: string, value: unknown, into: Map<string, string>): void {
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0)
    for (const [name, inner] of Object.entries(value)) addLeaves(`${path}.${name}`, inner, into);
  else into.set(path, JSON.stringify(value));
}
