// The options of a stream: its source, which items it delivers, and how long it stays open.
import type { RpcReport } from "protoc-gen-bff/compiler";
import { changesOf, type FoundChange, type Kind, type Phrase, phrase, time } from "./finding.ts";

type Stream = NonNullable<RpcReport["stream"]>;

/** Each option that clients or upstreams notice, and what its change means. */
const OPTIONS: readonly (readonly [option: keyof Stream, kind: Kind, message: string])[] = [
  ["call", "upstreams", "follows another method"],
  ["topic", "upstreams", "follows another topic, or follows it differently"],
  ["key", "values", "follows another key"],
  ["set", "values", "sends its source another request"],
  ["if", "values", "delivers other items"],
  ["until", "api", "ends at another item"],
  ["position", "api", "resumes by other positions: returning clients start again"],
  ["idle_ms", "deadlines", "ends after another time without an item"],
  ["max_age_ms", "deadlines", "stays open for another time"],
  ["heartbeat_ms", "policies", "sends keepalives at another interval"],
  ["ahead", "policies", "composes another number of items at once"],
  ["overflow", "policies", "treats slow clients differently"],
  ["min_interval_ms", "policies", "delivers items at another interval"],
  ["streams", "policies", "follows another number of streams at a time"],
];

type Live = NonNullable<RpcReport["live"]>;
const LIVE_OPTIONS: readonly (readonly [option: keyof Live, kind: Kind, message: string])[] = [
  ["on", "calls", "composes its live answer again after other purges, or runs other steps then"],
  ["follow", "calls", "composes its live answer again after other events, or runs other steps then"],
  ["every_ms", "calls", "runs all steps of its live answer at another interval"],
  ["min_interval_ms", "calls", "composes its live answer at another interval"],
  ["jitter", "policies", "spreads its live answers differently"],
  ["heartbeat_ms", "policies", "sends keepalives at another interval"],
  ["max_age_ms", "deadlines", "stays open for another time"],
];

/** Compares the triggers of live answers. */
export function compareLive({ live: before }: RpcReport, { live: after }: RpcReport): readonly FoundChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return changesOf("api").when(true, "different", "its answer is a live one now");
  if (after === undefined) return changesOf("api").when(true, "worse", "its answer is no longer a live one");
  return LIVE_OPTIONS.flatMap(([option, kind, message]) =>
    changesOf(kind).changed("different", message, before[option], after[option], (value: unknown) =>
      shown(option, value),
    ),
  );
}

export function compareStreams({ stream: before }: RpcReport, { stream: after }: RpcReport): readonly FoundChange[] {
  if (before === undefined || after === undefined) return [];
  return OPTIONS.flatMap(([option, kind, message]) =>
    changesOf(kind).changed("different", message, before[option], after[option], (value: unknown) =>
      shown(option, value),
    ),
  );
}

function shown(option: string, value: unknown): Phrase {
  if (value === undefined) return ["none"];
  if (typeof value === "number" && option.endsWith("_ms")) return [time(value)];
  return phrase`${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
}
