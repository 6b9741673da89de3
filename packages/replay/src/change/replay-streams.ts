// Streams of upstreams in a replay with changes: their captured events, at times since their opening.
import type { CapturedRequest } from "@protobff/server/capture";
import type { Stage } from "../tape/stage.ts";
import { arriveOn, isStreamEvent, type OpenedStream, type StreamEvent } from "../tape/upstream-streams.ts";
import type { Change } from "./change.ts";

/** Captured stream of an upstream. */
interface CapturedStream {
  readonly opened: Pick<OpenedStream, "client" | "path" | "checksum" | "at">;
  readonly events: readonly TimedEvent[];
}
interface TimedEvent {
  readonly event: StreamEvent;
  /** Since the opening, in microseconds. */
  readonly tookUs: number;
}

/** Returns the captured streams in the order in which they were opened. */
export function streamsOf({ tape }: CapturedRequest, streams: readonly CapturedStream["opened"][]): CapturedStream[] {
  const events = Map.groupBy(tape.filter(isStreamEvent), ([, , , , index]) => index);
  return streams.map((opened, i) => ({
    opened,
    events: (events.get(i) ?? []).map((event) => ({ event, tookUs: event[1] - opened.at })),
  }));
}

/** Runs a function at a time in microseconds. */
type At = (us: number, run: () => void) => void;

/**
 * Lets streams deliver what the capture has of an equal one. An opening that was not captured stays silent.
 *
 * @param captured the streams that are left
 * @param answers returns false if every upstream is silent
 */
export function playStreams(
  stage: Stage,
  captured: CapturedStream[],
  changes: readonly Change[],
  at: At,
  answers: () => boolean,
): void {
  const queues: TimedEvent[][] = [];
  const deliver = (index: number): void => {
    const [next] = queues[index] ?? [];
    const opened = stage.streams[index];
    if (next === undefined || opened === undefined || opened.isOver) return;
    if (next.event[0] === "received" && opened.requested === 0) return;
    const due = Math.max(stage.clock.at, opened.at + next.tookUs);
    at(due, () => {
      if (queues[index]?.[0] !== next || opened.isOver || !answers()) return;
      queues[index]?.shift();
      arriveOn(stage, index, next.event);
      deliver(index);
    });
  };
  stage.takes = deliver;
  stage.opens = (opened, index) => {
    const isOf = ({ opened: other }: CapturedStream): boolean =>
      other.client === opened.client && other.path === opened.path && other.checksum === opened.checksum;
    const found = captured.findIndex(isOf);
    const [taken] = found < 0 ? [] : captured.splice(found, 1);
    const nth = stage.streams.filter(({ path }) => path === opened.path).length;
    const ofStream = changes.filter((change) => change.path === opened.path && (change.nth ?? nth) === nth);
    queues[index] = ofStream.reduce(changed, taken?.events ?? []).filter(({ tookUs }) => Number.isFinite(tookUs));
    deliver(index);
  };
}

/** A delay is that of the first event, and moves all. An answer is that of each item, and a status is the only event. */
function changed(events: readonly TimedEvent[], { answer, delay }: Change): TimedEvent[] {
  const first = events[0]?.tookUs ?? 0;
  const moved = delay(first) - first;
  if (answer?.[0] === "fault") return [{ event: ["broken", 0, 0, 0, 0, answer[5]], tookUs: first + moved }];
  return events.map(({ event, tookUs }) => ({
    event: answer !== undefined && event[0] === "received" ? ["received", 0, 0, 0, 0, answer[5]] : event,
    tookUs: tookUs + moved,
  }));
}
