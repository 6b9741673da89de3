import type { DescMethod } from "@bufbuild/protobuf";
import { Overflow, type Stream } from "@protobff/messages/options.js";
import { fault, type Report, type Sourced } from "../../diagnostic/diagnostic.ts";
import type { IrMethod } from "../../ir/ir.ts";
import type { IrOverflow, IrStream } from "../../ir/step.ts";
import type { Place } from "../source/place.ts";
import { checkVariable } from "../values/names.ts";
import { count, type Declared, duration, expression, sourced, text } from "../values/values.ts";
import { readCall } from "./read-call.ts";
import { readLive } from "./read-live.ts";
import { readFollow } from "./read-topic.ts";

/** Items that are composed at a time, at most. */
const MAX_AHEAD = 64;

/** Reads the stream of an rpc: items of a source, or new versions of one answer. */
export function readStream(
  { value, place }: Declared<Stream>,
  desc: DescMethod,
  report: Report,
): Pick<IrMethod, "stream" | "live"> {
  // A stream from clients has been reported for the rpc.
  if (desc.methodKind === "unary")
    fault(report, "BFF167", place.at, {
      message: `the rpc "${desc.name}" returns one message, and \`stream\` is for an rpc that returns many`,
      hint: `write \`returns (stream ${desc.output.name})\`, or leave out \`stream\``,
    });
  if (value.source.case !== "live") return { stream: readItems({ value, place }, report), live: undefined };
  const live = { value: value.source.value, place: place.field("live") };
  return { stream: undefined, live: readLive(value, live, place, report) };
}

function readItems({ value, place }: Declared<Stream>, report: Report): IrStream {
  const source = readSource(value, place, report);
  const stream: IrStream = {
    kind: "stream",
    at: place.at,
    var: text(value.var, place, "var"),
    source,
    if: expression(value.if, place, "if", report),
    until: expression(value.until, place, "until", report),
    position: expression(value.position, place, "position", report),
    idle: duration(value.idle, place, "idle", report),
    heartbeat: duration(value.heartbeat, place, "heartbeat", report),
    maxAge: duration(value.maxAge, place, "max_age", report),
    ahead: readAhead(value, place, report),
    overflow: readOverflow(value, place, report),
    minInterval: duration(value.minInterval, place, "min_interval", report),
  };
  checkVariable(stream.var, "the item of a stream", report);
  const missing = [
    ...(stream.var === undefined ? ['"var"'] : []),
    ...(value.source.case === undefined ? ["source"] : []),
  ];
  if (missing.length > 0)
    fault(report, "BFF164", place.at, {
      message: `this stream has no ${missing.join(", ")}`,
      hint: "set the name of an item (`var`) and the source of items (`call` or `follow`), or `live` alone",
    });
  checkPace(stream, report);
  checkFollow(stream, report);
  return stream;
}

function readSource({ source }: Stream, place: Place, report: Report): IrStream["source"] {
  if (source.case === "call") return readCall({ value: source.value, place: place.field("call") }, report);
  if (source.case === "follow") return readFollow({ value: source.value, place: place.field("follow") }, report);
  return undefined;
}

function readAhead({ ahead: value }: Stream, place: Place, report: Report): Sourced<number> | undefined {
  const ahead = count(value, place, "ahead", "write 1 to compose one item at a time", report);
  if (ahead === undefined || ahead.value <= MAX_AHEAD) return ahead;
  return fault(report, "BFF165", ahead.at, {
    message: `"ahead" is ${ahead.value}, and each follower holds at most ${MAX_AHEAD} items`,
    hint: `write at most ${MAX_AHEAD}`,
  });
}

const OVERFLOWS: { readonly [value in Overflow]?: IrOverflow } = {
  [Overflow.WAIT]: "wait",
  [Overflow.LATEST]: "latest",
  [Overflow.FAIL]: "fail",
};

function readOverflow({ overflow: value }: Stream, place: Place, report: Report): Sourced<IrOverflow> | undefined {
  const setting = sourced(value, place, "overflow");
  if (setting === undefined) return undefined;
  const overflow = OVERFLOWS[setting.value];
  if (overflow !== undefined) return { value: overflow, at: setting.at };
  return fault(report, "BFF165", setting.at, {
    message: '"overflow" has no value for items that wait for a slow client',
    hint: "write WAIT, LATEST or FAIL, or leave it out",
  });
}

/** Reports settings that do not apply to a follower: the topic has the positions, and its silence is no failure. */
function checkFollow({ source, position, idle }: IrStream, report: Report): void {
  if (source?.kind !== "follow") return;
  if (position !== undefined)
    fault(report, "BFF166", position.at, {
      message: "`position` is for a `call`: the items of a topic already have positions",
      hint: "leave it out, or move it to the topic beside its `call`",
    });
  if (idle !== undefined)
    fault(report, "BFF166", idle.at, {
      message: "`idle` is for a `call`: a topic without new items is not a failure",
      hint: "leave it out",
    });
}

/** Checks the pace. If only the newest item is kept, nothing is composed ahead; otherwise no item may be held back. */
function checkPace({ overflow, ahead, minInterval }: IrStream, report: Report): void {
  const latest = overflow?.value === "latest";
  if (minInterval !== undefined && !latest)
    fault(report, "BFF166", minInterval.at, {
      message: "`min_interval` drops items, and only `overflow: LATEST` may drop items",
      hint: "add `overflow: LATEST`, or leave it out",
    });
  if (ahead !== undefined && ahead.value > 1 && latest)
    fault(report, "BFF166", ahead.at, {
      message: "`overflow: LATEST` composes one item at a time: a newer item replaces items that wait",
      hint: "leave it out",
    });
}
