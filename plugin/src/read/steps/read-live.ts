import type { Live, Stream } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrLive } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { readTagTexts } from "../values/read-tags.ts";
import { children, type Declared, duration, ratio } from "../values/values.ts";
import { readFollow } from "./read-topic.ts";

/** Settings of a stream that belong to a source with items, and the reason why a live answer has none of them. */
const REFUSED = {
  var: "a live answer has no items",
  if: "each new answer that differs is sent",
  until: "a live answer ends with `max_age`",
  position: "a client resumes with a digest of its answer",
  idle: "a source without changes is no failure",
  ahead: "one answer is composed at a time",
  overflow: "a slow client gets the newest answer",
} as const satisfies Partial<Record<keyof Stream, string>>;

/** Reads a stream whose messages are new versions of one answer. */
export function readLive(stream: Stream, { value, place: at }: Declared<Live>, place: Place, report: Report): IrLive {
  for (const [name, reason] of Object.entries(REFUSED))
    if (stream[name as keyof typeof REFUSED] !== undefined)
      fault(report, "BFF636", place.field(name).at, {
        message: `\`${name}\` has no effect with \`live\`: ${reason}`,
        hint: "leave it out",
      });
  const every = duration(value.every, at, "every", report);
  if (value.on.length === 0 && value.follow.length === 0 && value.every === undefined)
    fault(report, "BFF164", at.at, {
      message: 'this live answer has no "on", "follow" or "every"',
      hint: 'name the tags whose purge composes it again, as in `on: "order:{args.order_id}"`, or write `every: "30s"`',
    });
  return {
    kind: "live",
    at: at.at,
    on: readTagTexts(value.on, at, "on", report),
    follows: children(value.follow, at, "follow").map((declared) => readFollow(declared, report)),
    every,
    jitter: ratio(value.jitter, at, "jitter", report),
    heartbeat: duration(stream.heartbeat, place, "heartbeat", report),
    maxAge: duration(stream.maxAge, place, "max_age", report),
    minInterval: duration(stream.minInterval, place, "min_interval", report),
  };
}
