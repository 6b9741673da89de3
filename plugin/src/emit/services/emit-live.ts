import { emitValue } from "../../cel/index.ts";
import type { KeptCall, LiveRun, PlanLive } from "../../plan/model/live.ts";
import type { PlanMethod } from "../../plan/model/plan.ts";
import { lowerFirst } from "../../plan/names/name-scope.ts";
import type { FileNames } from "../names/file-names.ts";
import { block, commas, group, type Line, type Lines, line } from "../text/lines.ts";
import { holeValue, tagParts } from "../values/emit-tags.ts";
import { lambda, requestNames } from "../values/lambda.ts";
import { inputParts } from "./emit-caching.ts";
import { typedRequest } from "./endpoint-parts.ts";

/** Prints the properties by which a live answer differs from an answer. */
export function liveProperties(planned: PlanMethod, names: FileNames): Lines {
  const { live } = planned;
  if (live === undefined) return [];
  const { positionField: field, desc } = planned.method;
  const { shared, everyMs, minIntervalMs, jitter, maxAgeMs, heartbeatMs } = live;
  const name = lowerFirst(desc.output.name);
  const response = name === "position" ? "message" : name;
  return [
    ...block(
      [`live: { // ${names.place(live.of.at)}`],
      [
        ...(shared === undefined ? [] : line(sharedText(inputParts(shared)))),
        ["calls: [", ...commas(live.calls.map(member)), "],"],
        ...triggerRows(planned, live, names),
        ...(everyMs === undefined ? [] : line(`everyMs: ${group(everyMs)},`)),
        [`minIntervalMs: ${group(minIntervalMs.value)},`],
        [`jitter: ${jitter.value},`],
      ],
      ["},"],
    ),
    ...(field === undefined
      ? []
      : line(`stamp: (${response}, position) => { ${response}.${field.localName} = position; },`)),
    ...(heartbeatMs === undefined ? [] : line(`heartbeatMs: ${group(heartbeatMs.value)},`)),
    [`maxAgeMs: ${group(maxAgeMs.value)},`],
  ];
}

const sharedText = (parts: readonly string[]): string =>
  parts.length === 0 ? "shared: {}," : `shared: { ${parts.join(", ")} },`;

function triggerRows(planned: PlanMethod, { on, follows }: PlanLive, names: FileNames): Lines {
  const { tags, method } = planned;
  if (tags === undefined) return [];
  const within = requestNames(names, tags.functions);
  const cx = typedRequest(planned, names);
  const result = { name: "result", type: [names.shape(method.desc.output)] };
  const tagRows = tags.of.tags.map(({ parts }, i): Line => {
    const tag = tagParts(parts.map((part) => (typeof part === "string" ? part : holeValue(part, within))));
    return ["{ tag: ", ...lambda(cx, ["args", result], tag), ...runsOf(on[i]), " },"];
  });
  const followRows = follows.map((follow): Line => {
    const key = lambda(cx, ["args"], emitValue(follow.key, within).print);
    return [`{ topic: app.${follow.topic.name}, key: `, ...key, ...runsOf(follow), " },"];
  });
  return [
    ...(tagRows.length === 0 ? [] : block(["on: ["], tagRows, ["],"])),
    ...(followRows.length === 0 ? [] : block(["follow: ["], followRows, ["],"])),
  ];
}

const runsOf = (run: LiveRun | undefined): Line =>
  run?.runs === undefined ? [] : [", runs: [", ...commas(run.runs.map(member)), "]"];

/** `app.getOrder`, `app.userById.rpc`, `app.runTopic.latest` */
function member(call: KeptCall): Line {
  if (!("method" in call)) return [`app.${call.name}.latest`];
  return [`app.${call.name}${call.batch === undefined ? "" : ".rpc"}`];
}
