import {
  type ArrivalEvent,
  type CapturedRequest,
  type CaptureHeader,
  type EffectEvent,
  maskOf,
  type TapeEvent,
} from "@protobff/server/capture";
import { endpointOf, type World } from "../world/create-endpoints.ts";
import { ReplayClock } from "./replay-clock.ts";
import { type Outcome, type Running, start } from "./running.ts";
import { answer, Stage } from "./stage.ts";
import { isCacheEvent } from "./stage-cache.ts";
import { arriveOn, isStreamEvent } from "./upstream-streams.ts";

/** Result of an exact replay. */
export interface ExactReplay {
  readonly outcome: Outcome | undefined;
  /** First difference from the capture; undefined: answer and order of events are identical. */
  readonly difference: string | undefined;
  readonly stage: Stage;
}

/**
 * Runs a captured request again: the same values arrive in the same order, at the same times of its clock.
 *
 * @throws CaptureError if the server has no such RPC
 */
export async function replayExactly(
  world: World,
  header: CaptureHeader,
  request: CapturedRequest,
): Promise<ExactReplay> {
  const found = await replaySearching(world, header, request);
  const { incomparable } = request;
  if (found.difference === undefined || incomparable === undefined) return found;
  return { ...found, difference: `it is not comparable: ${incomparable} (${found.difference})` };
}

async function replaySearching(world: World, header: CaptureHeader, request: CapturedRequest): Promise<ExactReplay> {
  const early = new Map<number, number>();
  const first = await replayOnce(world, header, request, early);
  let result = first;
  for (let tries = 0; result.difference !== undefined && tries < MAX_TRIES; tries++) {
    const arrival = result.arrival;
    const ticks = (early.get(arrival ?? -1) ?? -1) + 1;
    if (arrival === undefined || ticks > MAX_TICKS) return first;
    early.set(arrival, ticks);
    result = await replayOnce(world, header, request, early);
  }
  return result.difference === undefined ? result : first;
}

/**
 * Bounds of the search for the place of an arrival among the continuations of its turn. A capture does not have the
 * place: an arrival in a microtask, such as a fault without a connection, comes before some of them.
 */
const MAX_TICKS = 40;
const MAX_TRIES = 200;

/** @param early number of microtasks before an arrival, by the index of its event; default: all */
async function replayOnce(
  world: World,
  header: CaptureHeader,
  request: CapturedRequest,
  early: ReadonlyMap<number, number>,
): Promise<ExactReplay & { readonly arrival?: number | undefined }> {
  const { startedAt, readings, dates, random, tape } = request;
  const clock = new ReplayClock({ startedAt, readings, dates, random, date: Date.parse(request.at) });
  const stage = new Stage(clock, request.decisions, true);
  for (const event of tape) if (event[0] === "message") stage.reads.push(event[3] === 1);
  const endpoint = await endpointOf(world, header, request, stage);
  const arrivals = tape.filter(isArrival);
  const endOf = (i: number): number => arrivals[i]?.[2] ?? readings.length;
  clock.enter(startedAt, 0, endOf(0));
  let surplus = 0;
  /** Numbers of effects that were compared, and until the end. */
  let [compared, most] = [0, Number.POSITIVE_INFINITY];
  const running = start(endpoint, request, world, stage, () => {
    surplus = clock.surplus;
    most = compared + stage.effects.length;
  });
  const { output } = endpoint.method;
  const ended = (difference?: string, arrival?: number) => {
    return { outcome: running.outcome(), difference, arrival, stage };
  };
  let arrived = 0;
  let last: number | undefined;
  for (const [i, event] of tape.entries()) {
    const place = `event ${i + 1} of ${tape.length}`;
    if (!isArrival(event)) {
      // Continuations run only if the effect needs them: the next arrival may be of the same turn.
      if (!isDone(event, stage, running)) await doing(event, stage, running);
      const difference = effectDifference(event, stage, running);
      if (difference !== undefined) return ended(`${place}: ${difference}`, last);
      if (event[0] !== "answer") compared++;
      else if (compared < most)
        return ended(`${place}: the replay does ${shown(stage.effects[0])} before its end`, last);
      continue;
    }
    const [kind, at, from, joined] = event;
    if (joined === 0) last = i;
    if (joined === 0) await (early.has(i) ? continued(early.get(i) ?? 0) : settled());
    const [effect] = stage.effects;
    if (effect !== undefined) return ended(`${place}: the replay does ${shown(effect)} before ${kind} arrives`, last);
    clock.enter(at, from, endOf(++arrived));
    const difference = deliver(event, stage, running);
    if (difference !== undefined) return ended(`${place}: ${difference}`, last);
  }
  if (request.outcome.stream === "cut") {
    running.cut();
    return ended();
  }
  const more = surplus === 0 ? undefined : `the replay reads ${surplus} more values of the clock or of chance`;
  return ended(differenceOf(request, running.outcome(), maskOf(output)) ?? more);
}

const EFFECTS: ReadonlySet<string> = new Set<EffectEvent[0]>([
  ...(["send", "cancel", "open", "take", "close", "opened", "message", "beat", "answer"] as const),
]);

export function isArrival(event: TapeEvent): event is ArrivalEvent {
  return !EFFECTS.has(event[0]);
}

const MAX_CHARACTERS = 200;

/** Returns an effect as text. Messages are shortened. */
const shown = (effect: EffectEvent | undefined): string => JSON.stringify(effect ?? null).slice(0, MAX_CHARACTERS);

/** Maximum number of turns of the event loop in which an effect may follow its cause. */
const MAX_TURNS = 20;

function isDone([kind]: EffectEvent, { effects }: Stage, running: Running): boolean {
  return kind === "answer" ? running.outcome() !== undefined : effects.length > 0;
}

/** Resolves when the replay has an effect, or does not have it in time. */
async function doing(event: EffectEvent, stage: Stage, running: Running): Promise<void> {
  for (let tick = 0; tick < MAX_TICKS && !isDone(event, stage, running); tick++) await continued(1);
  for (let turn = 0; turn < MAX_TURNS && !isDone(event, stage, running); turn++) await settled();
}

function effectDifference(event: EffectEvent, stage: Stage, running: Running): string | undefined {
  if (!isDone(event, stage, running)) return `the replay does not do ${shown(event)}`;
  if (event[0] === "answer") return undefined;
  const done = stage.effects.shift();
  return JSON.stringify(done) === JSON.stringify(event)
    ? undefined
    : `the replay does ${shown(done)} in place of ${shown(event)}`;
}

/** Delivers a value. Returns why that is impossible. */
function deliver(event: ArrivalEvent, stage: Stage, running: Running): string | undefined {
  if (event[0] === "reply" || event[0] === "fault") {
    const index = event[4];
    const sent = stage.attempts[index];
    if (sent === undefined || sent.isOver) return `attempt ${index} is not under way in the replay`;
    answer(stage, index, event);
    return undefined;
  }
  if (isStreamEvent(event)) return arriveOn(stage, event[4], event);
  stage.log.push({ at: stage.clock.at, kind: event[0] });
  if (event[0] === "gone" || event[0] === "ready" || event[0] === "drain") return running[event[0]]();
  return isCacheEvent(event) ? stage.cache.deliver(event) : wake(event, stage);
}

/** Fires a timer, or admits a waiter. */
function wake(
  [kind, , , , index]: Extract<ArrivalEvent, readonly ["timer" | "place" | "shed", ...unknown[]]>,
  stage: Stage,
): string | undefined {
  if (kind === "timer") {
    const timer = stage.clock.timers.get(index);
    if (timer === undefined) return `timer ${index} does not run in the replay`;
    stage.clock.timers.delete(index);
    timer.fire();
    return undefined;
  }
  const waiter = stage.waiters[index];
  if (waiter === undefined) return `no attempt waits for place ${index} in the replay`;
  if (kind === "place") waiter.admitted();
  else waiter.shed();
  return undefined;
}

function differenceOf(
  { outcome }: CapturedRequest,
  replayed: Outcome = {},
  mask: ReturnType<typeof maskOf>,
): string | undefined {
  const answer = replayed.answer && Buffer.from(replayed.answer, "base64");
  const masked = answer && mask ? Buffer.from(mask(answer)).toString("base64") : replayed.answer;
  const [before, after] = [outcome, { ...replayed, answer: masked }].map(
    ({ answer, degraded, failure, stream, token }) => JSON.stringify([answer, degraded, failure, stream, token]),
  );
  return before === after ? undefined : `the outcome is ${after} in place of ${before}`;
}

/** Resolves after this many microtasks. */
async function continued(ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) await undefined;
}

/** Resolves when all promises and ticks of this turn have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
