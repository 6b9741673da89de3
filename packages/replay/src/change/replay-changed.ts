import type { ArrivalEvent, CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import type { MissingAnswers } from "../missing/missing-answers.ts";
import { ReplayClock } from "../tape/replay-clock.ts";
import { settled } from "../tape/replay-exactly.ts";
import { type Outcome, start } from "../tape/running.ts";
import { type AnswerEvent, answer, type SentAttempt, Stage } from "../tape/stage.ts";
import { isCacheEvent } from "../tape/stage-cache.ts";
import type { OpenedStream } from "../tape/upstream-streams.ts";
import { endpointOf, type World } from "../world/create-endpoints.ts";
import type { Change } from "./change.ts";
import { playStreams, streamsOf } from "./replay-streams.ts";
import { SuppliedCalls } from "./supplied-calls.ts";

/** Result of a replay with changes. */
export interface ChangedReplay {
  /** Undefined: the request does not end, because an answer is missing. */
  readonly outcome: Outcome | undefined;
  readonly stage: Stage;
  /** Time from begin to end, in microseconds. */
  readonly tookUs: number;
  /** Calls whose answer the capture lacks, if it runs with `isStrict`: the replay ends there. */
  readonly unmatched: SuppliedCalls["unmatched"];
  /** Kinds of the answers that came from elsewhere. */
  readonly supplied: SuppliedCalls["kinds"];
  /** True if a call was given up shortly before its answer is due: timers of a busy process would have been late. */
  readonly isClose: boolean;
}

interface UpstreamChanges {
  readonly changes: readonly Change[];
  /** Number of answers after which every upstream is silent. */
  readonly mostAnswers?: number | undefined;
  /** True: a call has only the answers of captured ones with equal messages. */
  readonly isStrict?: boolean | undefined;
  /** With `isStrict`: answers of calls that the capture has none of. */
  readonly missing?: MissingAnswers | undefined;
}

/** An attempt, as far as its capture has it. */
export interface CapturedAttempt extends Pick<SentAttempt, "client" | "path" | "checksum" | "number" | "at"> {
  /** When it was given up, in microseconds. */
  readonly overAt?: number | undefined;
}
/** Captured calls in the order in which they were sent. */
export interface CapturedCalls {
  readonly attempts: readonly CapturedAttempt[];
  readonly streams: readonly Pick<OpenedStream, "client" | "path" | "checksum" | "at">[];
}

/** A captured end of an attempt. Without an event it had none for this long, and was given up. */
interface CapturedAnswer {
  readonly sent: CapturedAttempt;
  readonly event: AnswerEvent | undefined;
  readonly tookUs: number;
}

/** Event that is due. */
interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Maximum number of events of one request. */
const MAX_EVENTS = 100_000;
/** A timer that gives up an attempt may be late by this time in microseconds. */
const GIVEN_UP_US = 20_000;
const CLOSE_US = 50_000;

/**
 * Runs a captured request with changes to its upstreams. Time passes from event to event, and computing takes none. An
 * attempt that the capture does not have gets the answer and the duration of an equal one, or of the last one of its
 * method. The client of a stream reads each message at once.
 *
 * @throws CaptureError if the delay of an answer changes that the capture does not have
 * @param calls the calls of the request, as of its exact replay
 */
export async function replayChanged(
  world: World,
  header: CaptureHeader,
  request: CapturedRequest,
  calls: CapturedCalls,
  { changes, mostAnswers = Number.POSITIVE_INFINITY, isStrict = false, missing }: UpstreamChanges,
): Promise<ChangedReplay> {
  const { startedAt, dates, random } = request;
  const clock = new ReplayClock({ startedAt, readings: [], dates, random, date: Date.parse(request.at) });
  const stage = new Stage(clock, request.decisions, false);
  const answers = answersOf(request, calls.attempts).filter(({ event }) => isStrict || event !== undefined);
  const streams = streamsOf(request, calls.streams);
  const paths = [...answers.map(({ sent }) => sent.path), ...streams.map(({ opened }) => opened.path)];
  assertCaptured(changes, new Set(paths));
  const firesAt: FiresAt = isStrict ? lateness(request) : (_, dueUs) => dueUs;
  const due: Due[] = [];
  let [order, answered] = [0, 0];
  const at = (us: number, run: () => void): void => {
    if (us < Number.POSITIVE_INFINITY) due.push({ at: us, order: order++, run });
  };
  const isSilent = (): boolean => answered++ >= mostAnswers;
  const supplied = new SuppliedCalls(stage, at, missing);
  const { unmatched } = supplied;
  const answerAt = playAttempts(stage, answers, { changes, at, isSilent, supplied: isStrict ? supplied : undefined });
  playCache(stage, request, at);
  playStreams(stage, streams, changes, at, () => answered < mostAnswers);
  const endpoint = await endpointOf(world, header, request, stage);
  let endedAt: number | undefined;
  const running = start(endpoint, request, world, stage, () => {
    endedAt = clock.at;
  });
  playClient(request, stage, running, at);
  for (let events = 0; events < MAX_EVENTS; events++) {
    await settled();
    await supplied.known();
    if (running.outcome() !== undefined || unmatched.length > 0) break;
    const next = nextOf(stage, due, firesAt);
    if (next === undefined) break;
    clock.enter(next.at, 0, 0);
    next.run();
  }
  const isClose = stage.log.some(({ kind, attempt = -1, at: now }) => {
    const left = (answerAt[attempt] ?? 0) - now;
    return kind === "cancel" && left > 0 && left < CLOSE_US;
  });
  return {
    outcome: running.outcome(),
    stage,
    tookUs: (endedAt ?? clock.at) - startedAt,
    unmatched,
    supplied: supplied.kinds,
    isClose,
  };
}

/** Lets the client leave, and the server drain, when they did. */
function playClient(
  { tape, outcome, endedAt }: CapturedRequest,
  { clock, log }: Stage,
  running: ReturnType<typeof start>,
  at: (us: number, run: () => void) => void,
): void {
  for (const event of tape) {
    const [kind] = event;
    if (kind !== "gone" && kind !== "drain") continue;
    at(event[1], () => {
      log.push({ at: clock.at, kind });
      running[kind]();
    });
  }
  if (outcome.stream === "cut") at(endedAt, running.cut);
}

/** Answers each attempt from the captured ones, unless every upstream is silent. Returns when each answer is due. */
function playAttempts(
  stage: Stage,
  answers: CapturedAnswer[],
  {
    changes,
    at,
    isSilent,
    supplied,
  }: {
    readonly changes: readonly Change[];
    readonly at: (us: number, run: () => void) => void;
    readonly isSilent: () => boolean;
    /** Receives those without an answer to an equal message. Undefined: they get another answer of their method. */
    readonly supplied: SuppliedCalls | undefined;
  },
): readonly number[] {
  const answerAt: number[] = [];
  stage.sends = (sent, index) => {
    const nth = stage.attempts.filter(({ path }) => path === sent.path).length;
    const ofAttempt = changes.filter((change) => change.path === sent.path && (change.nth ?? nth) === nth);
    const { event, tookUs, isAssumed, isEqual } = answerTo(sent, answers, ofAttempt);
    if (supplied !== undefined && !isEqual) supplied.add(sent, index, tookUs);
    else if (event !== undefined) {
      answerAt[index] = sent.at + tookUs;
      at(sent.at + tookUs, () => {
        if (!sent.isOver && !isSilent()) answer(stage, index, event, isAssumed);
      });
    } else
      at(sent.at + tookUs + GIVEN_UP_US, () => {
        if (!sent.isOver) supplied?.lacks(sent);
      });
  };
  return answerAt;
}

/** Delivers results of others' fetches and of the second level when they came: no change reaches them. */
function playCache(stage: Stage, { tape }: CapturedRequest, at: (us: number, run: () => void) => void): void {
  stage.cache.awaits = (kind, index) => {
    const event = tape.find((other) => other[0] === kind && other[4] === index);
    if (event === undefined || !isCacheEvent(event)) return;
    at(Math.max(stage.clock.at, event[1]), () => {
      stage.log.push({ at: stage.clock.at, kind });
      stage.cache.deliver(event);
    });
  };
}

/** @throws CaptureError if the delay of a method changes that the capture has no answer of */
function assertCaptured(changes: readonly Change[], captured: ReadonlySet<string>): void {
  for (const { path, answer, delay } of changes) {
    const hasNone = answer === undefined && delay(0) < Number.POSITIVE_INFINITY && !captured.has(path);
    if (hasNone && !changes.some((other) => other.path === path && other.answer !== undefined))
      throw new CaptureError(
        `--set: the capture has no answer of ${path.slice(1)}: add one with answer={…}, or status=UNAVAILABLE`,
      );
  }
}

/** Returns when a timer fires, given when it is due, both in microseconds. */
type FiresAt = (index: number, dueUs: number) => number;

/** Timers fire as late as the captured ones that were made in the same place: others may have come before them. */
function lateness({ tape }: CapturedRequest): FiresAt {
  const fired = new Map(tape.flatMap((event) => (event[0] === "timer" ? [[event[4], event[1]] as const] : [])));
  return (index, dueUs) => {
    const late = (fired.get(index) ?? 0) - dueUs;
    return late > 0 && late < CLOSE_US ? dueUs + late : dueUs;
  };
}

/** Removes and returns the earliest event: an answer, or a timer. */
function nextOf({ clock, log }: Stage, due: Due[], firesAt: FiresAt): Omit<Due, "order"> | undefined {
  due.sort((a, b) => a.at - b.at || a.order - b.order);
  const timers = [...clock.timers.values()].map((timer) => ({
    ...timer,
    firesAt: firesAt(timer.index, Math.ceil(timer.at * 1_000)),
  }));
  const [timer] = timers.sort((a, b) => a.firesAt - b.firesAt || a.at - b.at || a.index - b.index);
  if (due[0] !== undefined && due[0].at <= (timer?.firesAt ?? Number.POSITIVE_INFINITY)) return due.shift();
  if (timer === undefined) return undefined;
  const run = (): void => {
    clock.timers.delete(timer.index);
    log.push({ at: clock.at, kind: "timer" });
    timer.fire();
  };
  return { at: timer.firesAt, run };
}

/** Returns the ends of the captured attempts, in the order in which they were sent. */
function answersOf({ tape, endedAt }: CapturedRequest, attempts: readonly CapturedAttempt[]): CapturedAnswer[] {
  const isAnswer = (event: (typeof tape)[number]): event is AnswerEvent => event[0] === "reply" || event[0] === "fault";
  const events = new Map<number, ArrivalEvent & AnswerEvent>();
  for (const event of tape) if (isAnswer(event)) events.set(event[4], event);
  return attempts.map((sent, i) => {
    const event = events.get(i);
    return { sent, event, tookUs: (event?.[1] ?? sent.overAt ?? endedAt) - sent.at };
  });
}

function answerTo(
  sent: SentAttempt,
  answers: CapturedAnswer[],
  changes: readonly Change[],
): {
  readonly event: AnswerEvent | undefined;
  readonly tookUs: number;
  readonly isAssumed: boolean;
  readonly isEqual: boolean;
} {
  const isOf = (other: CapturedAttempt): boolean => other.client === sent.client && other.path === sent.path;
  const equal = answers.findIndex(({ sent: other }) => isOf(other) && other.checksum === sent.checksum);
  const found = equal < 0 ? answers.findLast(({ sent: other }) => isOf(other)) : answers[equal];
  // The last answer of a method stays for attempts that the capture does not have.
  const isLast = answers.filter(({ sent: other }) => isOf(other)).length === 1;
  if (equal >= 0 && !isLast) answers.splice(equal, 1);
  const isAssumed = equal < 0 || (found !== undefined && found.sent.number !== sent.number);
  let { event, tookUs = Number.POSITIVE_INFINITY } = found ?? {};
  for (const change of changes) {
    event = change.answer ?? event;
    tookUs = change.delay(tookUs);
    if (tookUs === Number.POSITIVE_INFINITY && change.answer !== undefined) tookUs = 0;
  }
  return { event, tookUs, isAssumed, isEqual: equal >= 0 };
}
