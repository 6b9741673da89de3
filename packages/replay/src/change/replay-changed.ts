import type { ArrivalEvent, CapturedRequest, CaptureHeader } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import type { MissingAnswers } from "../missing/missing-answers.ts";
import { ReplayClock } from "../tape/replay-clock.ts";
import { settled } from "../tape/replay-exactly.ts";
import { type Outcome, type Running, start } from "../tape/running.ts";
import { type AnswerEvent, answer, type SentAttempt, Stage } from "../tape/stage.ts";
import { type CacheKeys, isCacheEvent } from "../tape/stage-cache.ts";
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
  /** The first header that it has read until the end and the capture lacks. */
  readonly unread: string | undefined;
  /** Number of attempts until the end. */
  readonly sent: number;
  /** Calls whose answer the capture lacks, if it runs with `isStrict`: the replay ends there. */
  readonly unmatched: SuppliedCalls["unmatched"];
  /** Kinds of the answers that came from elsewhere. */
  readonly supplied: SuppliedCalls["kinds"];
  /** Number of attempts whose answer is that of an attempt in another place, and of look-ups that the capture has not. */
  readonly assumed: number;
  /** Timers that have fired, in their order. */
  readonly fired: readonly Timer[];
  /** True if a timer gave a call up shortly before its answer is due, or fired shortly before another event. */
  readonly isClose: boolean;
}

/** A timer by its number in the request, with its start in microseconds and its time in milliseconds. */
interface Timer {
  readonly index: number;
  readonly from: number;
  readonly ms: number;
  /** True if it fired shortly before another event. */
  readonly isClose?: boolean;
}

interface UpstreamChanges {
  readonly changes: readonly Change[];
  /** Number of answers after which every upstream is silent. */
  readonly mostAnswers?: number | undefined;
  /** True: a call has only the answers of captured ones with equal messages. */
  readonly isStrict?: boolean | undefined;
  /** With `isStrict`: answers of calls that the capture has none of. */
  readonly missing?: MissingAnswers | undefined;
  /** Timers that the captured process was too busy to fire in time. */
  readonly missed?: readonly Timer[] | undefined;
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
  /** The look-ups in the cache. Undefined: the same as the replay, in the same order. */
  readonly cache?: { readonly keys: CacheKeys } | undefined;
}

/** A captured end of an attempt. Without an event it had none for this long, and was given up. */
interface CapturedAnswer {
  readonly sent: CapturedAttempt;
  readonly event: AnswerEvent | undefined;
  readonly tookUs: number;
  isTaken: boolean;
}

/** Runs a function at a time in microseconds. */
type At = (us: number, run: () => void) => void;
/** Event that is due. */
interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Maximum number of events of one request. */
const MAX_EVENTS = 100_000;
/** Timers of a busy process may be late by this time in microseconds, and those that give no call up by less. */
const CLOSE_US = 50_000;
const CLOSE_EVENT_US = 5_000;
/** A retry is not sent if a millisecond is left until a deadline, in microseconds with as much for computing. */
const CLOSE_TIMER_US = 2_000;
/** Times of one timer in two runs differ by less, in microseconds. */
const SAME_US = 1_000;

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
  { changes, mostAnswers = Number.POSITIVE_INFINITY, isStrict = false, missing, missed = [] }: UpstreamChanges,
): Promise<ChangedReplay> {
  const { startedAt, dates, random } = request;
  const clock = new ReplayClock({ startedAt, readings: [], dates, random, date: Date.parse(request.at) });
  const stage = new Stage(clock, request.decisions, false);
  const answers = capturedAnswers(request, calls.attempts).filter(({ event }) => isStrict || event !== undefined);
  const streams = streamsOf(request, calls.streams);
  const paths = [...answers.map(({ sent }) => sent.path), ...streams.map(({ opened }) => opened.path)];
  assertCaptured(changes, new Set(paths));
  const timers = isStrict ? lateness(request, missed) : PUNCTUAL;
  const fired: Timer[] = [];
  const due: Due[] = [];
  let [order, answered] = [0, 0];
  const at: At = (us, run) => {
    if (us < Number.POSITIVE_INFINITY) due.push({ at: us, order: order++, run });
  };
  const isSilent = (): boolean => answered++ >= mostAnswers;
  const supplied = new SuppliedCalls(stage, at, missing);
  const { unmatched, kinds } = supplied;
  const played = playAttempts(stage, answers, { changes, at, isSilent, supplied: isStrict ? supplied : undefined });
  stage.cache.known = calls.cache?.keys;
  playCache(stage, request, at);
  playStreams(stage, streams, changes, at, () => answered < mostAnswers);
  const endpoint = await endpointOf(world, header, request, stage);
  const { headers, unread } = noting(request.headers);
  const end = (): Ended => ({ tookUs: clock.at - startedAt, sent: stage.attempts.length, unread: unread() });
  let ended: (() => Ended) | undefined;
  const running = start(endpoint, { ...request, headers }, world, stage, () => {
    const atEnd = end();
    ended = () => atEnd;
    // A capture has no calls after the end.
    if (isStrict) stage.sends = () => {};
  });
  playClient(request, stage, running, at);
  for (let events = 0; events < MAX_EVENTS; events++) {
    await settled();
    await supplied.known();
    if (running.outcome() !== undefined || unmatched.length > 0) break;
    const next = nextOf(stage, due, timers, fired);
    if (next === undefined) break;
    clock.enter(next.at, 0, 0);
    next.run();
  }
  const outcome = running.outcome();
  const assumed = played.assumed + stage.cache.unknown;
  const isClose = isCloseIn(stage, fired, played.answerAt);
  return { ...(ended ?? end)(), outcome, stage, unmatched, supplied: kinds, assumed, fired, isClose };
}
type Ended = Pick<ChangedReplay, "tookUs" | "sent" | "unread">;

/** Returns headers, and the first one that was read and is not among them. */
function noting(captured: CapturedRequest["headers"]) {
  let unread: string | undefined;
  const headers = new Proxy(captured, {
    get(target, name): unknown {
      if (typeof name === "string" && !Object.hasOwn(target, name)) unread ??= name;
      return Reflect.get(target, name);
    },
  });
  return { headers, unread: () => unread };
}

function isCloseIn({ log }: Stage, fired: readonly Timer[], answerAt: readonly number[]): boolean {
  if (fired.some((timer) => timer.isClose)) return true;
  return log.some(({ kind, attempt = -1, at }) => {
    const left = (answerAt[attempt] ?? 0) - at;
    return kind === "cancel" && left > 0 && left < CLOSE_US;
  });
}

/** Ends the request when the captured one was left or drained, or when its capture ends. */
function playClient({ tape, outcome, endedAt }: CapturedRequest, stage: Stage, running: Running, at: At): void {
  for (const event of tape) {
    const [kind] = event;
    if (kind !== "gone" && kind !== "drain") continue;
    at(event[1], () => {
      stage.log.push({ at: stage.clock.at, kind });
      running[kind]();
    });
  }
  if (outcome.stream === "cut") at(endedAt, running.cut);
}

/** Attempts that get captured answers: when each answer is due, and how many come from another place. */
interface Played {
  readonly answerAt: number[];
  assumed: number;
}

/** Answers each attempt from the captured ones, unless every upstream is silent. */
function playAttempts(
  stage: Stage,
  answers: readonly CapturedAnswer[],
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
): Played {
  const played: Played = { answerAt: [], assumed: 0 };
  stage.sends = (sent, index) => {
    const nth = stage.attempts.filter(({ path }) => path === sent.path).length;
    const ofAttempt = changes.filter((change) => change.path === sent.path && (change.nth ?? nth) === nth);
    const { event, tookUs, isAssumed, isEqual } = answerTo(sent, answers, ofAttempt);
    if (isAssumed && (isEqual || supplied === undefined)) played.assumed++;
    if (supplied !== undefined && !isEqual) supplied.add(sent, index, tookUs);
    else if (event !== undefined) {
      played.answerAt[index] = sent.at + tookUs;
      at(sent.at + tookUs, () => {
        if (!sent.isOver && !isSilent()) answer(stage, index, event, isAssumed);
      });
    } else
      at(sent.at + tookUs + SAME_US, () => {
        if (!sent.isOver) supplied?.lacks(sent);
      });
  };
  return played;
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

const isNear = (us: number, other: number): boolean => Math.abs(us - other) < SAME_US;
interface Timers {
  /** Returns when a timer fires, given when it is due, both in microseconds. */
  firesAt(timer: Timer, dueUs: number): number;
  /** True if it has fired in the captured process. */
  isCaptured(timer: Timer): boolean;
}
const PUNCTUAL: Timers = { firesAt: (_, dueUs) => dueUs, isCaptured: () => true };

/**
 * A timer fires when the captured one did. Others fire in the order in which they are due, as in a process: one that was
 * busy until it fired what was due before has not fired them either. A replay has more time left until a deadline,
 * because computing takes none.
 */
function lateness({ tape, startedAt }: CapturedRequest, missed: readonly Timer[]): Timers {
  const timers = tape.flatMap(([kind, at, , , index, afterUs, us]) =>
    kind === "timer" && afterUs !== undefined && us !== undefined ? [{ at, index, from: startedAt + afterUs, us }] : [],
  );
  const captured = ({ index, from, ms }: Timer) =>
    timers.find((other) => other.index === index && isNear(other.from, from) && isNear(other.us, ms * 1_000));
  const known = new Map<number, number>();
  const lateBy = ({ index, from, ms }: Timer, dueUs: number): number => {
    if (missed.some((other) => other.index === index && Math.abs(other.ms - ms) < SAME_US / 1_000)) return CLOSE_US;
    const same = captured({ index, from, ms });
    if (same !== undefined) return Math.max(0, same.at - dueUs);
    const before = timers.filter((other) => other.from + other.us < dueUs + SAME_US);
    return Math.max(0, ...before.map(({ at }) => at - dueUs));
  };
  const firesAt: Timers["firesAt"] = (timer, dueUs) => {
    const us = known.get(timer.index) ?? dueUs + lateBy(timer, dueUs);
    known.set(timer.index, us);
    return us;
  };
  return { firesAt, isCaptured: (timer) => captured(timer) !== undefined };
}

/** Removes and returns the earliest event: an answer, or a timer. */
function nextOf({ clock, log }: Stage, due: Due[], of: Timers, fired: Timer[]): Omit<Due, "order"> | undefined {
  due.sort((a, b) => a.at - b.at || a.order - b.order);
  const timers = [...clock.timers.values()].map((timer) => ({
    ...timer,
    firesAt: of.firesAt(timer, Math.ceil(timer.at * 1_000)),
  }));
  const [timer] = timers.sort((a, b) => a.firesAt - b.firesAt || a.at - b.at || a.index - b.index);
  if (due[0] !== undefined && due[0].at <= (timer?.firesAt ?? Number.POSITIVE_INFINITY)) return due.shift();
  if (timer === undefined) return undefined;
  const run = (): void => {
    clock.timers.delete(timer.index);
    log.push({ at: clock.at, kind: "timer" });
    const isWithin = (us: number, at: number): boolean => at > clock.at && at - clock.at < us;
    const isClose =
      [...clock.timers.values()].some(({ at }) => isWithin(CLOSE_TIMER_US, at * 1_000)) ||
      (!of.isCaptured(timer) && due.some(({ at }) => isWithin(CLOSE_EVENT_US, at)));
    fired.push({ ...timer, isClose });
    timer.fire();
  };
  return { at: timer.firesAt, run };
}

/** Returns the ends of the captured attempts, in the order in which they were sent. */
export function capturedAnswers(
  { tape, endedAt }: CapturedRequest,
  attempts: readonly CapturedAttempt[],
): CapturedAnswer[] {
  const isAnswer = (event: (typeof tape)[number]): event is AnswerEvent => event[0] === "reply" || event[0] === "fault";
  const events = new Map<number, ArrivalEvent & AnswerEvent>();
  for (const event of tape) if (isAnswer(event)) events.set(event[4], event);
  return attempts.map((sent, i) => {
    const event = events.get(i);
    return { sent, event, tookUs: (event?.[1] ?? sent.overAt ?? endedAt) - sent.at, isTaken: false };
  });
}

/** Takes the next answer of an equal attempt. Without any left, it gets the last one of them, or of its method, again. */
function answerTo(
  sent: SentAttempt,
  answers: readonly CapturedAnswer[],
  changes: readonly Change[],
): {
  readonly event: AnswerEvent | undefined;
  readonly tookUs: number;
  readonly isAssumed: boolean;
  readonly isEqual: boolean;
} {
  const ofMethod = answers.filter(({ sent: { client, path } }) => client === sent.client && path === sent.path);
  const equal = ofMethod.filter(({ sent: { checksum } }) => checksum === sent.checksum);
  const left = equal.filter(({ isTaken }) => !isTaken);
  const next = left.find((other) => other.sent.number === sent.number) ?? left[0];
  const found = next ?? equal.findLast(({ event }) => event !== undefined) ?? equal.at(-1) ?? ofMethod.at(-1);
  const isAssumed = next === undefined || next.sent.number !== sent.number;
  if (next !== undefined) next.isTaken = true;
  let { event, tookUs = Number.POSITIVE_INFINITY } = found ?? {};
  for (const change of changes) {
    event = change.answer ?? event;
    tookUs = change.delay(tookUs);
    if (tookUs === Number.POSITIVE_INFINITY && change.answer !== undefined) tookUs = 0;
  }
  return { event, tookUs, isAssumed, isEqual: equal.length > 0 };
}
